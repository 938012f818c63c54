#pragma once

#include "core/asio.h"
#include "core/loop_trace.h"
#include "core/task_scope.h"
#include "core/timer_heap.h"

#include <funnel/ioloop.h>
#include <funnel/task.h>

#include <asio/steady_timer.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace funnel::detail {

class FdWatch;

class LoopCore;

/// A callback on its way to the loop. `id` is its number in the trace.
struct Work {
  std::function<void()> function;
  std::uint64_t id;
};

/// Callbacks that come from other threads. Outlives the loop for as long as some thread
/// may still call it, and drops what comes too late.
class RemoteQueue {
 public:
  explicit RemoteQueue(LoopCore& core) noexcept : core_(&core) {}
  RemoteQueue(const RemoteQueue&) = delete;
  RemoteQueue& operator=(const RemoteQueue&) = delete;
  ~RemoteQueue() = default;

  /// Runs `callback` on the loop. Any thread.
  void push(std::function<void()> callback);
  /// Calls `change` while no thread is within `push`.
  template <typename F>
  void exclusively(F change) {
    const std::lock_guard lock(mutex_);
    change();
  }
  std::vector<Work> take();
  /// The loop ends: later calls are dropped.
  void close() noexcept;

 private:
  std::mutex mutex_;
  LoopCore* core_;
  std::vector<Work> callbacks_;
};

/// The parts of an `IOLoop` that know Asio.
class LoopCore final : public Clock::Listener {
 public:
  LoopCore(IOLoop& loop, Clock& clock);
  LoopCore(const LoopCore&) = delete;
  LoopCore& operator=(const LoopCore&) = delete;
  ~LoopCore();

  /// Drops all that has not run yet; the last thing that is called. Not the destructor's
  /// work, because what is dropped may still ask the loop for something.
  void close();

  asio::io_context& context() noexcept { return context_; }
  Clock& clock() const noexcept { return clock_; }

  void run_forever();
  void run_until(ReadyNode& first, const bool& done);
  void end_run() noexcept { context_.stop(); }
  void stop();
  /// Runs what is ready now without waiting, and what that makes ready.
  void run_ready_now();

  void schedule(ReadyNode& node);
  void add_callback(std::function<void()> callback);
  void set_timer(TimerNode& node, TimePoint deadline);
  void cancel_timer(TimerNode& node) noexcept;
  std::uint64_t call_at(TimePoint deadline, std::function<void()> callback);
  void remove_timeout(std::uint64_t number) noexcept;

  void add_handler(int fd, unsigned events, std::function<void(int, unsigned)> handler);
  void update_handler(int fd, unsigned events);
  void remove_handler(int fd) noexcept;

  void set_blocking_log_threshold(Duration threshold) noexcept;

  /// Runs one of the things that the loop is for, by `call`. `kind` is callback, timer or handler,
  /// `id` its number in the trace, and it has its name from `function`. An exception is logged and
  /// goes no further.
  template <typename Signature, typename Call>
  void run(const char* kind, std::uint64_t id, const std::function<Signature>& function,
           const Call& call);
  /// Runs a coroutine to its first wait, by `start`, which returns where that is.
  template <typename Start>
  void run_first_step(const Start& start);
  /// Tells whether running something is more than that, because of the trace or the threshold.
  bool is_observed() const noexcept { return observed_; }
  /// Calls `run`, and warns if that takes too long; `name` then says what it was.
  template <typename Run, typename Name>
  void run_timed(const char* kind, const Run& run, const Name& name);

  /// The background tasks of `spawn_callback`.
  TaskScope& background() noexcept { return background_; }
  /// The coroutines that have started and live.
  List<PromiseBase, LiveTag>& live() noexcept { return live_; }
  std::shared_ptr<RemoteQueue> remote() const noexcept { return remote_; }

  /// Counts work that runs elsewhere, on a thread: while there is some, the loop waits for
  /// it and is not taken for stalled.
  void work_started() { context_.get_executor().on_work_started(); }
  void work_finished() { context_.get_executor().on_work_finished(); }

  /// Counts what must not outlive the loop.
  void resource_added() noexcept { ++resources_; }
  void resource_removed() noexcept { --resources_; }

  /// Tells whether some thread runs the loop.
  bool is_running() const noexcept { return runner_.load() != std::thread::id(); }
  /// Tells whether this thread runs the loop, or has made it and nobody runs it.
  bool on_own_thread() const noexcept;
  void check_thread(const char* function) const noexcept;
  void clock_moved() override;

 private:
  class CallbackTimer;
  class Running;
  friend class RemoteQueue;

  void run_turns();
  /// Runs the one thing that `run_one` finds, with its lines in the trace; false if there is none.
  template <typename RunOne>
  bool run_turn(const RunOne& run_one);
  static void log_blocked(const char* kind, Duration took, const std::string& name);

  void schedule_callback(Work work);
  void schedule_all(std::vector<Work> callbacks);
  void run_remote();
  void post_ready();
  void run_ready();
  void post_timers();
  void run_timers();
  void arm_timer();
  [[noreturn]] void throw_stalled() const;

  IOLoop& loop_;
  Clock& clock_;
  asio::io_context context_;
  asio::steady_timer wake_timer_;
  std::optional<TimePoint> armed_for_;
  TimerHeap timers_;
  std::uint64_t next_timeout_ = 1;
  std::unordered_map<std::uint64_t, std::unique_ptr<CallbackTimer>> timeouts_;
  ReadyList ready_;
  bool ready_posted_ = false;
  bool timers_posted_ = false;
  bool stop_requested_ = false;
  Duration blocking_threshold_ = Duration::zero();
  bool observed_ = trace::enabled();
  std::uint64_t turn_ = 0;  // counted for the trace only
  const std::thread::id maker_ = std::this_thread::get_id();
  // Changed while the remote queue is locked: `add_callback` of the maker's thread relies on it.
  std::atomic<std::thread::id> runner_;
  std::shared_ptr<RemoteQueue> remote_;
  std::map<int, std::shared_ptr<FdWatch>> watches_;
  List<PromiseBase, LiveTag> live_;
  TaskScope background_;
  long resources_ = 0;
};

/// Makes a loop that is the current one of its thread only while it runs: nothing but its
/// owner's work lands on it.
std::unique_ptr<IOLoop> make_private_loop();
/// Names a coroutine by the place where it waited before a step, or after its first one.
std::string name_after(const AwaitSite& site);
std::string name_before(const AwaitSite& site);
/// Logs the exception that something of this kind has thrown; within the `catch`.
void log_failure_in(const char* kind) noexcept;
/// Logs an exception that nobody else will see, with `what` was going on.
void log_exception(const char* what, const std::exception_ptr& error) noexcept;

template <typename Call>
void run_guarded(const char* kind, const Call& call) noexcept {
  try {
    call();
  } catch (...) {
    log_failure_in(kind);
  }
}

template <typename Signature, typename Call>
void LoopCore::run(const char* kind, std::uint64_t id, const std::function<Signature>& function,
                   const Call& call) {
  if (!observed_) [[likely]] {
    run_guarded(kind, call);
    return;
  }
  const std::type_info& type = function.target_type();
  const auto run_traced = [&] {
    const trace::Running mark(kind, id, type);
    run_guarded(kind, call);
  };
  run_timed(kind, run_traced, [&] { return trace::name_of(type); });
}

template <typename Start>
void LoopCore::run_first_step(const Start& start) {
  if (!observed_) [[likely]] {
    start();
    return;
  }
  AwaitSite site;
  run_timed(
      "coroutine", [&] { site = start(); }, [&] { return name_before(site); });
}

template <typename Run, typename Name>
void LoopCore::run_timed(const char* kind, const Run& run, const Name& name) {
  const TimePoint began = clock_.now();
  run();
  const Duration took = clock_.now() - began;
  if (blocking_threshold_ <= Duration::zero() || took <= blocking_threshold_) return;
  log_blocked(kind, took, name());
}

}  // namespace funnel::detail
