#pragma once

#include <funnel/clock.h>
#include <funnel/detail/nodes.h>

#include <cstdint>
#include <functional>
#include <memory>

namespace funnel {

template <typename T>
class Task;

namespace detail {
class LoopCore;
}

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
  /// `remove_handler`. The descriptor stays the caller's and must stay open until then; it
  /// is made non-blocking.
  /// Throws `std::invalid_argument` if it has a handler already or no event is asked for,
  /// `std::system_error` if the system cannot watch it (a regular file, `/dev/null`, a bad
  /// number). Urgent data counts as `error` for who asks for nothing else.
  void add_handler(int fd, unsigned events, std::function<void(int, unsigned)> handler);
  /// Changes what `fd` is watched for. Throws `std::invalid_argument` if it has no handler.
  void update_handler(int fd, unsigned events);
  /// Stops watching `fd`; its handler is not called again, even for what was already
  /// seen. Harmless if there is none.
  void remove_handler(int fd) noexcept;

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
