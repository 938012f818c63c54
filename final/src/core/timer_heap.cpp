#include "core/timer_heap.h"

namespace funnel::detail {

bool TimerHeap::before(const TimerNode& a, const TimerNode& b) noexcept {
  if (a.place.deadline != b.place.deadline) return a.place.deadline < b.place.deadline;
  return a.place.sequence < b.place.sequence;
}

void TimerHeap::put(TimerNode& node, std::size_t index) noexcept {
  heap_[index] = &node;
  node.place.index = index;
}

void TimerHeap::sift_up(TimerNode& node, std::size_t index) noexcept {
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (!before(node, *heap_[parent])) break;
    put(*heap_[parent], index);
    index = parent;
  }
  put(node, index);
}

void TimerHeap::sift_down(TimerNode& node, std::size_t index) noexcept {
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) ++child;
    if (!before(*heap_[child], node)) break;
    put(*heap_[child], index);
    index = child;
  }
  put(node, index);
}

void TimerHeap::set(TimerNode& node, TimePoint deadline) {
  remove(node);
  node.place.deadline = deadline;
  node.place.sequence = next_sequence_++;
  insert(node);
}

void TimerHeap::insert(TimerNode& node) {
  heap_.push_back(&node);
  sift_up(node, heap_.size() - 1);
}

void TimerHeap::remove(TimerNode& node) noexcept {
  node.unlink();  // from what is due in this turn
  if (node.place.index == TimerPlace::none) return;
  const std::size_t hole = node.place.index;
  node.place.index = TimerPlace::none;
  TimerNode& last = *heap_.back();
  heap_.pop_back();
  if (&last == &node) return;
  if (hole > 0 && before(last, *heap_[(hole - 1) / 2])) {
    sift_up(last, hole);
  } else {
    sift_down(last, hole);
  }
}

}  // namespace funnel::detail
