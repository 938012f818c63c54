#pragma once

#include <funnel/clock.h>
#include <funnel/log.h>

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// @file
/// Tools for testing what runs on a loop (`tornado.testing`).

namespace funnel {
class IOLoop;
}

namespace funnel::testing {

/// A clock that stands still until the test moves it, so that timers are tested without waiting.
///
/// Timers that are due by then run when the loop runs, in the order of their deadlines, and all of
/// them see the new time. The thread of its loops only.
class ManualClock final : public Clock {
 public:
  ManualClock() = default;

  /// Moves the clock by `step`, which must not be negative.
  void advance(Duration step) { set(time_after(now_, step)); }
  /// Moves the clock to `time`, which must not be before `now`.
  void set(TimePoint time);

  TimePoint now() const noexcept override { return now_; }
  bool runs_by_itself() const noexcept override { return false; }

 private:
  TimePoint now_{std::chrono::hours(1)};  // not the epoch, and there is a time before it
};

/// Runs what is ready on `loop` now, and what that makes ready, without waiting. Throws
/// `std::logic_error` if a loop already runs on this thread.
void run_ready(IOLoop& loop);

/// Keeps log records for as long as it lives instead of letting them be printed
/// (`tornado.testing.ExpectLog`). Then the sink that was there before is back. Any thread.
class LogCapture {
 public:
  struct Record {
    std::string logger;
    log::Level level;
    std::string message;
  };

  LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture();

  /// Returns the records so far, oldest first.
  std::vector<Record> records() const;
  std::size_t size() const;
  /// Tells whether `text` is part of some message.
  bool contains(std::string_view text) const;

 private:
  mutable std::mutex mutex_;
  std::vector<Record> records_;
  log::Sink previous_;
};

}  // namespace funnel::testing
