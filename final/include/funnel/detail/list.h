#pragma once

namespace funnel::detail {

/// A link of a doubly linked list that owns nothing and allocates nothing. An
/// object that is destroyed while it is in a list leaves it by itself, which is
/// how a destroyed coroutine withdraws from whatever it waits for.
///
/// `Tag` lets one object be in several lists at once. One thread.
template <typename Tag>
class ListLink {
 public:
  ListLink() noexcept = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { unlink(); }

  bool linked() const noexcept { return next_ != this; }

  void unlink() noexcept {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }

  /// Enters the list that `other` is in, just before it. Only for what is in no list.
  void link_before(ListLink& other) noexcept {
    prev_ = other.prev_;
    next_ = &other;
    prev_->next_ = this;
    other.prev_ = this;
  }

 private:
  template <typename T, typename>
  friend class List;

  ListLink* prev_ = this;
  ListLink* next_ = this;
};

/// A list of objects of type `T`, which derives from `ListLink<Tag>`.
template <typename T, typename Tag>
class List {
 public:
  List() noexcept = default;
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  ~List() {
    while (!empty()) head_.next_->unlink();
  }

  bool empty() const noexcept { return !head_.linked(); }

  void push_back(T& item) noexcept {
    ListLink<Tag>& link = item;
    link.link_before(head_);
  }

  /// Requires a list that is not empty.
  T& pop_front() noexcept {
    ListLink<Tag>* link = head_.next_;
    link->unlink();
    return static_cast<T&>(*link);
  }

  /// Moves all of `other` behind what is here, in constant time.
  void splice_back(List& other) noexcept {
    if (other.empty()) return;
    ListLink<Tag>* first = other.head_.next_;
    ListLink<Tag>* last = other.head_.prev_;
    other.head_.prev_ = other.head_.next_ = &other.head_;
    first->prev_ = head_.prev_;
    head_.prev_->next_ = first;
    last->next_ = &head_;
    head_.prev_ = last;
  }

  template <typename F>
  void for_each(F visit) const {
    for (ListLink<Tag>* link = head_.next_; link != &head_;) {
      ListLink<Tag>* next = link->next_;
      visit(static_cast<T&>(*link));
      link = next;
    }
  }

 private:
  mutable ListLink<Tag> head_;
};

}  // namespace funnel::detail
