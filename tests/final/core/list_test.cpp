#include <funnel/detail/list.h>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using funnel::detail::List;
using funnel::detail::ListLink;

namespace {

struct TagA;
struct TagB;

class Item : public ListLink<TagA>, public ListLink<TagB> {
 public:
  explicit Item(char name) : name_(name) {}
  char name() const { return name_; }

 private:
  char name_;
};

using ListA = List<Item, TagA>;

std::string names(const ListA& list) {
  std::string all;
  list.for_each([&](const Item& item) { all += item.name(); });
  return all;
}

}  // namespace

TEST_SUITE("core.list") {
  TEST_CASE("a list keeps the order in which items were added") {
    Item a('a'), b('b'), c('c');
    ListA list;
    CHECK(list.empty());
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    CHECK(names(list) == "abc");
    CHECK(list.pop_front().name() == 'a');
    CHECK(!a.ListLink<TagA>::linked());
    CHECK(names(list) == "bc");
  }

  TEST_CASE("an item leaves from the middle, twice without harm") {
    Item a('a'), b('b'), c('c');
    ListA list;
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    b.ListLink<TagA>::unlink();
    b.ListLink<TagA>::unlink();
    CHECK(names(list) == "ac");
  }

  TEST_CASE("an item that is destroyed leaves its list") {
    Item a('a');
    auto b = std::make_unique<Item>('b');
    ListA list;
    list.push_back(a);
    list.push_back(*b);
    b.reset();
    CHECK(names(list) == "a");
  }

  TEST_CASE("a list that is destroyed lets its items go") {
    Item a('a');
    {
      ListA list;
      list.push_back(a);
    }
    CHECK(!a.ListLink<TagA>::linked());
  }

  TEST_CASE("splicing moves everything behind what is there") {
    Item a('a'), b('b'), c('c'), d('d');
    ListA first, second;
    first.splice_back(second);
    CHECK(first.empty());
    second.push_back(a);
    second.push_back(b);
    first.splice_back(second);
    CHECK(names(first) == "ab");
    CHECK(second.empty());
    second.push_back(c);
    second.push_back(d);
    first.splice_back(second);
    CHECK(names(first) == "abcd");
    first.splice_back(second);
    CHECK(names(first) == "abcd");
  }

  TEST_CASE("an item may enter a list just before another one, or beside one that is in none") {
    Item a('a'), b('b'), c('c');
    {
      ListA list;
      list.push_back(b);
      static_cast<ListLink<TagA>&>(a).link_before(b);
      static_cast<ListLink<TagA>&>(c).link_before(b);
      CHECK(names(list) == "acb");
    }
    Item d('d');
    static_cast<ListLink<TagA>&>(d).link_before(a);  // the list is gone
    CHECK(d.ListLink<TagA>::linked());
    a.ListLink<TagA>::unlink();
    CHECK(!d.ListLink<TagA>::linked());
  }

  TEST_CASE("the item that is being visited may leave") {
    Item a('a'), b('b'), c('c');
    ListA list;
    list.push_back(a);
    list.push_back(b);
    list.push_back(c);
    list.for_each([](Item& item) {
      if (item.name() == 'b') item.ListLink<TagA>::unlink();
    });
    CHECK(names(list) == "ac");
  }

  TEST_CASE("an item is in one list for each tag") {
    Item a('a');
    ListA list_a;
    List<Item, TagB> list_b;
    list_a.push_back(a);
    list_b.push_back(a);
    a.ListLink<TagA>::unlink();
    CHECK(list_a.empty());
    CHECK(&list_b.pop_front() == &a);
  }
}
