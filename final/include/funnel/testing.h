#pragma once

#include <funnel/clock.h>
#include <funnel/iostream.h>
#include <funnel/log.h>

#include <cstddef>
#include <limits>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// @file
/// Tools for the tests of programs that use the library (`tornado.testing`).

namespace funnel {
class IOLoop;
}

namespace funnel::testing {

/// A clock that stands still until the test moves it, so that timers, time-outs and
/// deadlines are tested without waiting.
///
/// Moving it makes the timers that are due ready; they fire, in the order of their
/// deadlines, when the loop runs, and all of them see the new time. It never goes back
/// (checked). One thread, the same as the loops that are made with it.
class ManualClock final : public Clock {
 public:
  /// What `run_sync` does when nothing is left to do before the next timer.
  enum class WhenIdle {
    fail,  ///< throws `std::logic_error`: only the test moves the clock
    skip,  ///< moves the clock to that timer
  };

  explicit ManualClock(WhenIdle when_idle = WhenIdle::fail) noexcept : when_idle_(when_idle) {}
  ManualClock(const ManualClock&) = delete;
  ManualClock& operator=(const ManualClock&) = delete;
  /// Checks that the loops that were made with it are gone.
  ~ManualClock() override;

  /// Moves the clock by `step`, which must not be negative.
  void advance(Duration step) { set(time_after(now_, step)); }
  /// Moves the clock to `time`, which must not be before `now`.
  void set(TimePoint time);

  TimePoint now() const noexcept override { return now_; }
  bool runs_by_itself() const noexcept override { return false; }
  bool skip_to(TimePoint next) override;
  void add_listener(Listener& listener) override { listeners_.push_back(&listener); }
  void remove_listener(Listener& listener) noexcept override { std::erase(listeners_, &listener); }

 private:
  TimePoint now_{std::chrono::hours(1)};  // a time before it exists, and is not the epoch
  WhenIdle when_idle_;
  std::vector<Listener*> listeners_;
};

/// Runs what is ready on `loop` now, and what that makes ready, without waiting. Throws
/// `std::logic_error` if a loop already runs on this thread.
void run_ready(IOLoop& loop);

/// Keeps log records for as long as it lives instead of letting them be printed
/// (`tornado.testing.ExpectLog`). Then the sink that was there before is back, so captures
/// may be nested. Records below the logger's level are not made, as always. Any thread.
class LogCapture {
 public:
  class Record {
   public:
    Record(std::string_view logger_name, log::Level at_level, std::string_view text)
        : logger(logger_name), level(at_level), message(text) {}

    std::string logger;
    log::Level level;
    std::string message;
  };

  LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;
  ~LogCapture() { log::set_sink(std::move(previous_)); }

  /// Returns what came so far, oldest first.
  std::vector<Record> records() const;
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  /// Tells whether `text` is part of some message.
  bool contains(std::string_view text) const;
  void clear();

 private:
  mutable std::mutex mutex_;
  std::vector<Record> records_;
  log::Sink previous_;
};

/// What happens to the bytes that one end of a `memory_stream_pair` receives.
class MemoryStreamOptions {
 public:
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  MemoryStreamOptions() = default;

  /// The most bytes that arrive at once.
  std::size_t read_size = unlimited;
  /// Bytes that may lie unread; more wait with the sender.
  std::size_t capacity = std::size_t{64} * 1024;
  /// When so many bytes were received, the connection is reset.
  std::size_t reset_after = unlimited;
};

/// Returns the two ends of a connection within the process, on the current loop: streams that
/// need no system call, where the test decides how the bytes arrive. `first` is for what the
/// first end receives.
std::pair<IOStream, IOStream> memory_stream_pair(MemoryStreamOptions first = {},
                                                 MemoryStreamOptions second = {});

}  // namespace funnel::testing
