#pragma once

#include <funnel/clock.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

/// @file
/// The timers of a loop: what has to run, and when.

namespace funnel::detail {

/// Something that a loop is going to run. `id` is its number in the trace.
struct Work {
  std::function<void()> function;
  std::uint64_t id = 0;
};

/// The timers in a *heap*: an array in which the earliest deadline is always in front, and in which
/// adding or taking one costs a few swaps, however many there are.
///
/// A heap cannot find a timer that is not in front. So the work is in a map, by the number of its
/// timer, and removing a timer only takes its work away: its entry in the heap is *stale* from then
/// on, and is dropped when it gets to the front, or when there are more stale entries than others.
class Timers {
 public:
  /// Adds a timer and returns its number. Timers with the same deadline keep their order.
  std::uint64_t add(TimePoint deadline, Work work);
  /// Removes a timer. Harmless if it was taken or removed before.
  void remove(std::uint64_t number) noexcept;

  /// Returns what the trace calls a timer; 0 if it was taken or removed before. Given.
  std::uint64_t id(std::uint64_t number) const noexcept;
  bool empty() const noexcept { return work_.empty(); }
  /// Returns the deadline of the earliest timer; there must be one in the heap.
  TimePoint next_deadline() const noexcept { return heap_.front().deadline; }

  /// Takes the timers that are due at `now` out of the heap, and returns their numbers, the
  /// earliest first. Their work stays until `take`, so that `remove` can still get hold of it.
  std::vector<std::uint64_t> pop_due(TimePoint now);
  /// Takes the work of a timer; empty if it was removed meanwhile.
  std::optional<Work> take(std::uint64_t number);
  /// Puts a timer that `pop_due` returned back into the heap, unless it was removed meanwhile.
  void put_back(std::uint64_t number);

 private:
  struct Entry {
    TimePoint deadline;
    std::uint64_t number;
  };
  struct Pending {
    TimePoint deadline;
    Work work;
  };

  /// The order of the heap: whether `a` comes after `b`.
  static bool later(const Entry& a, const Entry& b) noexcept {
    return a.deadline != b.deadline ? a.deadline > b.deadline : a.number > b.number;
  }
  /// Drops stale entries: those in front, and all of them when they are too many. Given.
  void drop_stale() noexcept;

  std::vector<Entry> heap_;  // see std::push_heap; the one in front is never stale
  std::map<std::uint64_t, Pending> work_;
  std::uint64_t last_number_ = 0;
};

}  // namespace funnel::detail
