#pragma once

#include <funnel/clock.h>
#include <funnel/detail/nodes.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace funnel {

template <typename T>
class Task;

namespace detail {
class LoopCore;
class PeriodicTimer;
template <typename F>
concept MakesTask = std::is_same_v<std::invoke_result_t<F&>, Task<void>>;
}  // namespace detail

/// Names a timer that `IOLoop::call_later` or `call_at` set. A copy is as good.
class Timeout {
 public:
  Timeout() noexcept = default;

 private:
  friend class IOLoop;
  explicit Timeout(std::uint64_t id) noexcept : id_(id) {}
  std::uint64_t id_ = 0;
};

/// The event loop: waits for sockets, timers and callbacks, and runs what is ready, one
/// after the other, on one thread (`tornado.ioloop.IOLoop`).
///
/// **Threads.** A loop belongs to the thread that runs it, else to the one that made it.
/// `add_callback` is the one member that other threads may call at any time. They may call
/// `start` and `run_sync` while nobody runs the loop (two threads at once abort), `clock`, and
/// `time` if the clock allows it. Any other member aborts with a message there, unless the library
/// was built with `FUNNEL_CHECK_THREADS=0`.
///
/// **Lifetime.** The thread that made a loop destroys it, not while it runs (checked). A loop
/// outlives the streams, servers, clients and timers made
/// on it (checked: its destructor aborts otherwise). Coroutines that `spawn_callback` started are
/// destroyed with it.
///
/// **Errors.** An exception from a callback is logged and the loop goes on.
class IOLoop {
 public:
  /// What `add_handler` waits for, and what it reports. Values may be combined.
  enum Events : unsigned { read = 1, write = 4, error = 24 };

  /// Makes a loop on the machine's clock. It becomes this thread's current loop if the
  /// thread has none.
  IOLoop();
  /// Makes a loop on `clock`, which must outlive it.
  explicit IOLoop(Clock& clock);
  IOLoop(const IOLoop&) = delete;
  IOLoop& operator=(const IOLoop&) = delete;
  ~IOLoop();

  /// Returns the loop that runs on this thread, else the one that was made on it while it had
  /// none, as long as that lives, else a new one, which lives as long as the thread.
  static IOLoop& current();
  /// Returns the same without making one: null if there is none.
  static IOLoop* current_or_null() noexcept;

  /// Runs until `stop`. Throws `std::logic_error` if a loop already runs on this thread.
  void start();
  /// Makes `start` return after the callback that is running; before `start`, makes the
  /// next `start` return at once.
  ///
  /// Not from a signal handler (nor anything else here): block the signal, and let `add_handler`
  /// watch a `signalfd` for it.
  void stop();

  /// Returns the time of the loop's clock.
  TimePoint time() const noexcept;
  Clock& clock() const noexcept;

  /// Runs `callback` in the loop's next turn, in the order of the calls. A callback
  /// that is added by a callback runs in the turn after; one that is added while nobody runs
  /// the loop, in the first turn of the next run. Any thread; the loop must outlive the call.
  /// What has not run when the loop is destroyed is dropped with it.
  void add_callback(std::function<void()> callback);

  /// Runs `callback` once, `delay` from now. A delay that is not positive means the
  /// next turn.
  Timeout call_later(Duration delay, std::function<void()> callback);
  /// Runs `callback` once, at `deadline` on the loop's clock.
  Timeout call_at(TimePoint deadline, std::function<void()> callback);
  /// Cancels a timer. Harmless if it fired or was removed before; afterwards its
  /// callback does not run, even if it was due in this very turn.
  void remove_timeout(Timeout timeout) noexcept;

  /// Calls `handler(fd, events)` whenever `fd` is ready for one of `events`, until
  /// `remove_handler`. The descriptor stays the caller's and must stay open until then. It is made
  /// non-blocking; if it was blocking, `remove_handler` and the loop's destructor make it so again.
  /// (All descriptors of one open file share this, as a terminal's 0, 1 and 2 do.)
  /// Throws `std::invalid_argument` if it has a handler already or no event is asked for,
  /// `std::system_error` if the system cannot watch it (a regular file, `/dev/null`, a bad
  /// number). Urgent data counts as `error` for who asks for nothing else.
  void add_handler(int fd, unsigned events, std::function<void(int, unsigned)> handler);
  /// Changes what `fd` is watched for. Throws `std::invalid_argument` if it has no handler.
  void update_handler(int fd, unsigned events);
  /// Stops watching `fd`; its handler is not called again, even for what was already
  /// seen. Harmless if there is none.
  void remove_handler(int fd) noexcept;

  /// Logs a warning when a callback, timer, handler or step of a coroutine keeps the loop for
  /// longer than `threshold`: everything else has waited meanwhile. The warning says which, for how
  /// many milliseconds of the loop's clock, and the type of its function, or the place in the
  /// coroutine. It comes when the thing is over: it does not find what never returns. Zero, as at
  /// first, or less logs nothing (`set_blocking_log_threshold` of Tornado
  /// before 5.0).
  void set_blocking_log_threshold(Duration threshold) noexcept;

  /// Runs `task` to its end and returns its value, or throws what it threw. Throws
  /// `std::logic_error` if a loop already runs on this thread, if `stop` was called before
  /// the end, or if nothing is left that could wake the task. Defined in `task.h`.
  template <typename T>
  T run_sync(Task<T> task);
  /// The same, but cancels the task and throws `TimeoutError` after `timeout`.
  template <typename T>
  T run_sync(Task<T> task, Duration timeout);

  /// The parts behind it, for the library's own layers.
  detail::LoopCore& core() noexcept { return *core_; }

 private:
  std::unique_ptr<detail::LoopCore> core_;
};

/// Runs a callback again and again (`tornado.ioloop.PeriodicCallback`).
///
/// The moments are `interval` apart, counted from `start`, however long a run takes. Moments that
/// pass while the callback runs, or while something else keeps the loop, are skipped. With a
/// `jitter` above 0 the time to the next moment is `interval` times a random number between
/// 1 - jitter/2 and 1 + jitter/2, new each time, so that many processes do not act all at once.
///
/// **Errors.** What the callback throws is logged, and it runs again at the next moment. The
/// constructors throw `std::invalid_argument` unless `interval` is positive and `jitter` from 0
/// to 1.
///
/// **Lifetime.** Runs on the loop that is current where it is made, and which outlives it
/// (checked). Destroying it stops it. The loop's thread only.
class PeriodicCallback {
 public:
  PeriodicCallback(std::function<void()> callback, Duration interval, double jitter = 0);
  /// The same for a function that returns a `Task<>`. A run lasts until the task has ended: there
  /// is never more than one. `stop` lets it end; destroying the `PeriodicCallback` destroys it, so
  /// a task must not do that to its own. Include `<funnel/task.h>`.
  template <detail::MakesTask F>
  PeriodicCallback(F callback, Duration interval, double jitter = 0)
      : PeriodicCallback(Coroutine(), std::function<Task<void>()>(std::move(callback)), interval,
                         jitter) {}
  PeriodicCallback(const PeriodicCallback&) = delete;
  PeriodicCallback& operator=(const PeriodicCallback&) = delete;
  ~PeriodicCallback();

  /// Runs the callback for the first time one interval from now. Harmless if it is running.
  void start();
  /// Runs it no more, until `start`. Harmless twice, and from within the callback.
  void stop() noexcept;
  /// Tells whether it was started and not stopped.
  bool is_running() const noexcept;

 private:
  struct Coroutine {};
  PeriodicCallback(Coroutine, std::function<Task<void>()> callback, Duration interval,
                   double jitter);

  std::shared_ptr<detail::PeriodicTimer> timer_;
};

namespace detail {

// What awaiters need from the loop without seeing Asio. All on the loop's thread.

/// Runs `node` in the next turn.
void schedule(IOLoop& loop, ReadyNode& node);
/// Sets `node` to fire at `deadline`; if it was set already, moves it.
void set_timer(IOLoop& loop, TimerNode& node, TimePoint deadline);
/// Withdraws `node`; harmless if it is not set.
void cancel_timer(IOLoop& loop, TimerNode& node) noexcept;
/// Runs the loop, with `first` in its first turn, until `done` is true, which `end_run`
/// announces; throws as `IOLoop::run_sync` says.
void run_until(IOLoop& loop, ReadyNode& first, const bool& done);
/// Makes `run_until` look at its `done`.
void end_run(IOLoop& loop) noexcept;

}  // namespace detail

}  // namespace funnel
