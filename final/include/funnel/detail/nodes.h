#pragma once

#include <funnel/clock.h>
#include <funnel/detail/list.h>

#include <cstddef>
#include <cstdint>

namespace funnel::detail {

struct ReadyTag;
struct DueTag;

/// Something that the loop is to run in its next turn. The node is its owner's: it
/// is part of a suspended coroutine, or of a callback's allocation.
class ReadyNode : public ListLink<ReadyTag> {
 public:
  /// Runs once, on the loop, after the node has left the list.
  virtual void run_ready() = 0;
  /// Called instead if the loop ends first.
  virtual void drop_ready() noexcept {}

 protected:
  ~ReadyNode() = default;
};

using ReadyList = List<ReadyNode, ReadyTag>;

/// A timer's place in the heap; the heap's own notes.
struct TimerPlace {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  TimePoint deadline{};
  std::uint64_t sequence = 0;  // equal deadlines fire in the order of their setting
  std::size_t index = none;
};

/// A timer of the loop's heap. Its owner removes it before it dies.
class TimerNode : public ListLink<DueTag> {
 public:
  TimerNode() = default;
  TimerNode(const TimerNode&) = delete;
  TimerNode& operator=(const TimerNode&) = delete;

  /// Runs once, on the loop, when the time has come and the timer was not removed.
  virtual void timer_fired() = 0;

  TimerPlace place;

 protected:
  ~TimerNode() = default;
};

}  // namespace funnel::detail
