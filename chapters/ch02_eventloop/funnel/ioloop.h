#pragma once

#include <funnel/clock.h>
#include <funnel/poller.h>
#include <funnel/timers.h>
#include <funnel/wake_fd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <typeinfo>
#include <vector>

/// @file
/// The event loop: one thread that waits for everything at once.

namespace funnel {

class IOLoop;

namespace testing {
void run_ready(IOLoop& loop);
}

/// Names a timer that `IOLoop::call_later` or `call_at` has set. A copy names the same timer.
class Timeout {
 public:
  Timeout() noexcept = default;

 private:
  friend class IOLoop;
  explicit Timeout(std::uint64_t number) noexcept : number_(number) {}
  std::uint64_t number_ = 0;
};

/// The event loop: waits for descriptors, timers and callbacks, and runs what is ready, one after
/// the other, on one thread (`tornado.ioloop.IOLoop`).
///
/// It turns: each *turn* waits in the poller until something is ready, then runs the handlers of
/// the descriptors that are ready, the timers that are due, and the callbacks. What each of the
/// three adds to its own kind waits for the next turn, so that none can keep the others waiting.
///
/// **Threads.** A loop belongs to the thread that runs it, or else to the one that made it.
/// `add_callback` is the one member that other threads may call; those that change the loop abort
/// with a sentence there. A child process of `fork` must not touch it.
///
/// **Lifetime.** The thread that made a loop destroys it, not while it runs. What has not run by
/// then is dropped with it, and its streams are closed. The servers made on it must be gone.
///
/// **Errors.** An exception from anything that the loop runs is logged, and the loop goes on.
class IOLoop {
 public:
  /// What `add_handler` waits for, and what it reports. Values may be combined.
  enum Events : unsigned { read = 1, write = 4, error = 24 };
  using Handler = std::function<void(int fd, unsigned events)>;

  /// Makes a loop on the machine's clock and the system's best poller. It becomes this thread's
  /// current loop if the thread has none.
  IOLoop();
  /// Makes a loop on `clock`, which must outlive it.
  explicit IOLoop(Clock& clock);
  IOLoop(Clock& clock, std::unique_ptr<Poller> poller);
  IOLoop(const IOLoop&) = delete;
  IOLoop& operator=(const IOLoop&) = delete;
  ~IOLoop();

  /// Returns the loop that runs on this thread, or else the one that was made on it when it had
  /// none, while that lives, or else a new one, which lives as long as the thread.
  static IOLoop& current();
  /// Returns the same without making one; null if there is none.
  static IOLoop* current_or_null() noexcept;

  /// Turns until `stop`. Throws `std::logic_error` if a loop already runs on this thread.
  void start();
  /// Makes `start` return as soon as whatever is running has returned; what has not run yet runs in
  /// the next `start`. Before `start`, makes the next `start` return at once. Not from a signal
  /// handler; from another thread, by `add_callback`.
  void stop();

  /// Returns the time of the loop's clock.
  TimePoint time() const noexcept { return clock_.now(); }
  Clock& clock() const noexcept { return clock_; }

  /// Runs `callback` soon, never inside this call, in the order of the calls: what a handler or a
  /// timer adds runs at the end of its turn, what a callback adds in the next one. Any thread; the
  /// loop must outlive the call.
  void add_callback(std::function<void()> callback);

  /// Runs `callback` once, `delay` from now; one that is not positive means soon.
  Timeout call_later(Duration delay, std::function<void()> callback);
  /// Runs `callback` once, at `deadline` on the loop's clock. Timers run in the order of their
  /// deadlines, those with equal deadlines in the order of the calls.
  Timeout call_at(TimePoint deadline, std::function<void()> callback);
  /// Cancels a timer: its callback does not run, even if it is due in this very turn. Harmless if
  /// it has run or was removed.
  void remove_timeout(Timeout timeout) noexcept;

  /// Calls `handler(fd, events)` in each turn in which `fd` is ready for one of `events`, until
  /// `remove_handler`. The descriptor stays the caller's: remove its handler before you close it,
  /// and make it non-blocking, since readiness is a hint. Throws
  /// `std::invalid_argument` if it has a handler already or `events` is empty, and
  /// `std::system_error` if the system cannot watch it (a file on disk, a bad number).
  void add_handler(int fd, unsigned events, Handler handler);
  /// Changes what `fd` is watched for. Throws `std::invalid_argument` if it has no handler.
  void update_handler(int fd, unsigned events);
  /// Stops watching `fd`; its handler is not called again, even for what this turn has seen
  /// already. Harmless if there is none.
  void remove_handler(int fd) noexcept;

  /// Counts work that goes on elsewhere, on another thread, and will add a callback: as long as
  /// there is some, `has_work` is true.
  void work_started() noexcept;
  void work_finished() noexcept;
  /// Tells whether anything could still run: a callback, a timer, a handler, work elsewhere. To be
  /// asked between turns.
  bool has_work() const;

  /// Calls `callback` when the loop is destroyed, before it drops what has not run. It must not
  /// throw. Returns a number for `remove_end_callback`. For what lives on the loop, as streams do.
  std::uint64_t add_end_callback(std::function<void()> callback);
  void remove_end_callback(std::uint64_t number) noexcept;

  /// Logs a warning with a callback's kind, type and time when it keeps the loop for longer than
  /// `threshold`: all others have waited meanwhile. Zero, as at first, logs nothing (Tornado's
  /// `set_blocking_log_threshold`).
  void set_blocking_log_threshold(Duration threshold) noexcept { blocking_threshold_ = threshold; }

 private:
  class Running;
  friend void testing::run_ready(IOLoop& loop);

  /// A descriptor that is watched. Its number may be closed and used again within a turn: the
  /// generation says which of them the poller meant.
  struct Watched {
    std::uint64_t generation;
    unsigned events;
    std::shared_ptr<const Handler> handler;  // shared with a call of it, which may remove it
    std::uint64_t id;                        // in the trace
  };

  /// One turn; waits only if `may_wait`. Returns whether anything has run.
  bool turn(bool may_wait);
  /// How long the poller may wait: not at all if there are callbacks, until the next timer, or
  /// until a descriptor is ready.
  std::optional<Duration> wait_limit();
  /// The three parts of a turn: run what is ready; return whether there was any. They end early
  /// when `stop` was called; what has not run stays for the next `start`.
  bool run_handlers(const std::vector<Poller::Ready>& ready);
  bool run_timers();
  bool run_callbacks();
  bool has_callbacks() const;

  /// Makes the work of a callback or timer, and writes it into the trace.
  detail::Work make_work(const char* kind, std::function<void()> function);
  /// Runs something; logs an exception, and that it kept the loop for too long. `type` is of the
  /// function behind it.
  void run(const char* kind, std::uint64_t id, const std::type_info& type,
           const std::function<void()>& function);

  bool on_own_thread() const noexcept;
  void check_thread(const char* member) const noexcept;

  Clock& clock_;
  std::unique_ptr<Poller> poller_;
  std::map<int, Watched> watched_;
  std::map<std::uint64_t, int> descriptors_;  // by their generations, which are the poller's tags
  std::uint64_t last_generation_ = 0;
  detail::Timers timers_;
  mutable std::mutex mutex_;            // guards the callbacks
  std::deque<detail::Work> callbacks_;  // for the next turn
  detail::WakeFd wake_;
  bool stop_requested_ = false;
  std::uint64_t turn_ = 0;
  std::size_t work_elsewhere_ = 0;
  std::map<std::uint64_t, std::function<void()>> at_end_;
  std::uint64_t last_end_ = 0;
  Duration blocking_threshold_ = Duration::zero();
  const std::thread::id maker_ = std::this_thread::get_id();
  std::atomic<std::thread::id> runner_;
};

/// Runs a callback again and again (`tornado.ioloop.PeriodicCallback`).
///
/// The moments are `interval` apart from `start` on, whatever a run takes. Moments that pass while
/// a run goes on are skipped; if several pass while something else keeps the loop, the callback
/// runs once for them. A run may stop or destroy this. Destroying it stops it. The loop's thread
/// only; the loop outlives it.
class PeriodicCallback {
 public:
  /// Runs on the current loop. `interval` is positive; else throws `std::invalid_argument`.
  PeriodicCallback(std::function<void()> callback, Duration interval);
  PeriodicCallback(const PeriodicCallback&) = delete;
  PeriodicCallback& operator=(const PeriodicCallback&) = delete;
  ~PeriodicCallback() { stop(); }

  /// Runs the callback for the first time one interval from now. Harmless if it is running.
  void start();
  /// Runs it no more, until `start`. Harmless twice, and from within the callback.
  void stop() noexcept;
  bool is_running() const noexcept { return running_; }

 private:
  class AfterRun;

  void schedule();

  IOLoop& loop_;
  std::shared_ptr<const std::function<void()>> callback_;  // shared with a run of it
  Duration interval_;
  bool running_ = false;
  TimePoint next_;
  Timeout timeout_;
  // Counts the calls of `start` and `stop`. Shared, so that a run can tell whether it has destroyed
  // this.
  std::shared_ptr<int> changes_ = std::make_shared<int>(0);
};

}  // namespace funnel
