#pragma once

#include <chrono>

/// @file
/// What time it is, for loops and their timers.

namespace funnel {

/// A span of time on a loop's clock.
using Duration = std::chrono::steady_clock::duration;
/// A point in time on a loop's clock. Only differences mean anything.
using TimePoint = std::chrono::steady_clock::time_point;

/// Tells a loop what time it is.
///
/// Why not ask the machine? Because a test of a timer of one hour would take an hour. A loop
/// follows the clock that it was made with, so a test that holds the clock holds the time
/// (`testing::ManualClock`). A clock must outlive the loops made with it.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  virtual TimePoint now() const noexcept = 0;

  /// Tells whether time passes by itself. If not, a loop never waits for a timer: somebody has to
  /// move the clock.
  virtual bool runs_by_itself() const noexcept { return true; }
};

/// Returns `delay` after `now`, or the last point in time there is, if that would be later.
constexpr TimePoint time_after(TimePoint now, Duration delay) noexcept {
  return delay > TimePoint::max() - now ? TimePoint::max() : now + delay;
}

/// Returns the machine's monotonic clock, which never jumps, unlike the time of day. Any thread.
Clock& system_clock() noexcept;

}  // namespace funnel
