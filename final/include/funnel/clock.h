#pragma once

#include <chrono>

namespace funnel {

/// A span of time on a loop's clock.
using Duration = std::chrono::steady_clock::duration;
/// A point in time on a loop's clock. Only differences mean anything.
using TimePoint = std::chrono::steady_clock::time_point;

/// Tells a loop what time it is.
///
/// Every timer, time-out and deadline of an `IOLoop` follows the clock that the
/// loop was made with, so a test that holds the clock holds the time
/// (`testing::ManualClock`). A clock must outlive the loops made with it.
class Clock {
 public:
  /// Called when a clock that is moved by hand was moved.
  class Listener {
   public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    /// Runs on the thread that moved the clock.
    virtual void clock_moved() = 0;

   protected:
    ~Listener() = default;
  };

  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  virtual TimePoint now() const noexcept = 0;

  /// Tells whether time passes by itself. If not, a loop does not wait for its
  /// timers: it looks at them when `clock_moved` tells it to.
  virtual bool runs_by_itself() const noexcept { return true; }
  /// Asked when a loop in `run_sync` has nothing to do before `next`, the deadline of its
  /// next timer. A clock that is moved by hand may go there and return true.
  virtual bool skip_to(TimePoint) { return false; }
  virtual void add_listener(Listener&) {}
  virtual void remove_listener(Listener&) noexcept {}
};

/// Returns `delay` after `now`; the last point in time there is, if that would be later.
constexpr TimePoint time_after(TimePoint now, Duration delay) noexcept {
  return delay > TimePoint::max() - now ? TimePoint::max() : now + delay;
}

/// Returns the machine's monotonic clock, which never jumps. Any thread.
Clock& system_clock() noexcept;

}  // namespace funnel
