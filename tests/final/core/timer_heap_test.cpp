#include "core/timer_heap.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

using funnel::TimePoint;
using funnel::detail::TimerHeap;
using funnel::detail::TimerNode;

namespace {

TimePoint at(int seconds) { return TimePoint(std::chrono::seconds(seconds)); }

class Timer final : public TimerNode {
 public:
  Timer(std::string& fired, char name, std::function<void()> action = {})
      : fired_(fired), name_(name), action_(std::move(action)) {}
  void timer_fired() override {
    fired_ += name_;
    if (action_) action_();
  }

 private:
  std::string& fired_;
  char name_;
  std::function<void()> action_;
};

void run(TimerHeap& heap, int now) {
  heap.run_due(at(now), [] { return false; });
}

}  // namespace

TEST_SUITE("core.timer_heap") {
  TEST_CASE("timers fire in the order of their deadlines, and not too early") {
    TimerHeap heap;
    std::string fired;
    Timer a(fired, 'a'), b(fired, 'b'), c(fired, 'c'), d(fired, 'd');
    heap.set(c, at(3));
    heap.set(a, at(1));
    heap.set(d, at(4));
    heap.set(b, at(2));
    CHECK(heap.size() == 4);
    CHECK(heap.next_deadline() == at(1));
    run(heap, 0);
    CHECK(fired.empty());
    run(heap, 3);
    CHECK(fired == "abc");
    CHECK(heap.next_deadline() == at(4));
    run(heap, 4);
    CHECK(fired == "abcd");
    CHECK(heap.empty());
  }

  TEST_CASE("timers with the same deadline fire in the order of their setting") {
    TimerHeap heap;
    std::string fired;
    std::deque<Timer> timers;
    for (char name = 'a'; name <= 'z'; ++name) heap.set(timers.emplace_back(fired, name), at(1));
    run(heap, 1);
    CHECK(fired == "abcdefghijklmnopqrstuvwxyz");
  }

  TEST_CASE("a timer that is set again moves") {
    TimerHeap heap;
    std::string fired;
    Timer a(fired, 'a'), b(fired, 'b');
    heap.set(a, at(1));
    heap.set(b, at(1));
    heap.set(a, at(1));  // behind b now
    CHECK(heap.size() == 2);
    run(heap, 1);
    CHECK(fired == "ba");
  }

  TEST_CASE("a timer that was removed does not fire, and may be removed again") {
    TimerHeap heap;
    std::string fired;
    Timer a(fired, 'a'), b(fired, 'b'), c(fired, 'c');
    heap.set(a, at(1));
    heap.set(b, at(2));
    heap.set(c, at(3));
    heap.remove(b);
    heap.remove(b);
    run(heap, 3);
    CHECK(fired == "ac");
    heap.remove(a);
    heap.set(a, at(4));
    run(heap, 4);
    CHECK(fired == "aca");
  }

  TEST_CASE("a timer that an earlier one of the same turn removed does not fire") {
    TimerHeap heap;
    std::string fired;
    Timer b(fired, 'b');
    Timer a(fired, 'a', [&] { heap.remove(b); });
    Timer c(fired, 'c');
    heap.set(a, at(1));
    heap.set(b, at(2));
    heap.set(c, at(3));
    run(heap, 3);
    CHECK(fired == "ac");
    CHECK(heap.empty());
  }

  TEST_CASE("a timer that an earlier one of the same turn moved fires at its new time") {
    TimerHeap heap;
    std::string fired;
    Timer b(fired, 'b');
    Timer a(fired, 'a', [&] { heap.set(b, at(9)); });
    heap.set(a, at(1));
    heap.set(b, at(2));
    run(heap, 3);
    CHECK(fired == "a");
    run(heap, 9);
    CHECK(fired == "ab");
  }

  TEST_CASE("a timer that a timer sets fires in a later turn, even if it is due") {
    TimerHeap heap;
    std::string fired;
    Timer b(fired, 'b');
    Timer a(fired, 'a', [&] { heap.set(b, at(0)); });
    heap.set(a, at(1));
    run(heap, 1);
    CHECK(fired == "a");
    run(heap, 1);
    CHECK(fired == "ab");
  }

  TEST_CASE("a timer may set itself again") {
    TimerHeap heap;
    std::string fired;
    Timer* self = nullptr;
    Timer a(fired, 'a', [&] { heap.set(*self, at(2)); });
    self = &a;
    heap.set(a, at(1));
    run(heap, 1);
    CHECK(fired == "a");
    CHECK(heap.next_deadline() == at(2));
    heap.remove(a);
  }

  TEST_CASE("a turn that is stopped leaves the rest, in its old order") {
    TimerHeap heap;
    std::string fired;
    bool stopped = false;
    Timer d(fired, 'd');
    Timer a(fired, 'a', [&] {
      stopped = true;
      heap.set(d, at(1));  // set after b and c, though its deadline is the same
    });
    Timer b(fired, 'b'), c(fired, 'c');
    heap.set(a, at(1));
    heap.set(b, at(1));
    heap.set(c, at(1));
    heap.run_due(at(1), [&] { return stopped; });
    CHECK(fired == "a");
    CHECK(heap.size() == 3);
    run(heap, 1);
    CHECK(fired == "abcd");
  }

  TEST_CASE("any mixture of setting, moving and removing fires as a sorted list would") {
    const unsigned seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    TimerHeap heap;
    std::string fired;
    std::deque<Timer> timers;
    std::vector<std::pair<int, std::size_t>> expected;  // deadline, number of the timer
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < 500; ++i) {
      timers.emplace_back(fired, 't', [&order, i] { order.push_back(i); });
    }
    for (int step = 0; step < 3000; ++step) {
      const std::size_t i = random() % timers.size();
      std::erase_if(expected, [i](const auto& entry) { return entry.second == i; });
      if (random() % 3 == 0) {
        heap.remove(timers[i]);
      } else {
        const int deadline = static_cast<int>(random() % 50);
        heap.set(timers[i], at(deadline));
        expected.emplace_back(deadline, i);
      }
    }
    std::stable_sort(expected.begin(), expected.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (int now = 0; now < 50; now += 5) run(heap, now);
    run(heap, 50);
    REQUIRE(order.size() == expected.size());
    for (std::size_t i = 0; i < order.size(); ++i) CHECK(order[i] == expected[i].second);
  }
}
