#pragma once

#include <funnel/detail/nodes.h>

#include <cstdint>
#include <vector>

namespace funnel::detail {

/// A binary heap of timers that belong to others: setting, moving and withdrawing one is
/// O(log n) and allocates nothing but the heap's own array.
///
/// Not Asio's timers, because Asio runs a timer's handler although an earlier timer of
/// the same turn cancelled it, and knows no clock but the machine's.
class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;
  ~TimerHeap() = default;

  bool empty() const noexcept { return heap_.empty(); }
  std::size_t size() const noexcept { return heap_.size(); }
  /// Requires a heap that is not empty.
  TimePoint next_deadline() const noexcept { return heap_.front()->place.deadline; }

  void set(TimerNode& node, TimePoint deadline);
  void remove(TimerNode& node) noexcept;
  /// Fires what is due at `now`, in order, until `stopped()`. What the timers set fires in a
  /// later call, even if it is due too; what they remove does not fire.
  template <typename Stopped>
  void run_due(TimePoint now, Stopped stopped) {
    DueList due;
    while (!heap_.empty() && heap_.front()->place.deadline <= now) {
      TimerNode& node = *heap_.front();
      remove(node);
      due.push_back(node);
    }
    while (!due.empty() && !stopped()) due.pop_front().timer_fired();
    while (!due.empty()) insert(due.pop_front());
  }

 private:
  using DueList = List<TimerNode, DueTag>;

  static bool before(const TimerNode& a, const TimerNode& b) noexcept;
  void insert(TimerNode& node);
  void put(TimerNode& node, std::size_t index) noexcept;
  void sift_up(TimerNode& node, std::size_t index) noexcept;
  void sift_down(TimerNode& node, std::size_t index) noexcept;

  std::vector<TimerNode*> heap_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace funnel::detail
