#pragma once

#include "core/asio.h"
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
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace funnel::detail {

class FdWatch;

class LoopCore;

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
  std::vector<std::function<void()>> take();
  /// The loop ends: later calls are dropped.
  void close() noexcept;

 private:
  std::mutex mutex_;
  LoopCore* core_;
  std::vector<std::function<void()>> callbacks_;
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
  void remove_timeout(std::uint64_t id) noexcept;

  void add_handler(int fd, unsigned events, std::function<void(int, unsigned)> handler);
  void update_handler(int fd, unsigned events);
  void remove_handler(int fd) noexcept;

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

  void schedule_callback(std::function<void()> callback);
  void schedule_all(std::vector<std::function<void()>> callbacks);
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
/// Runs `callback`; an exception is logged and goes no further.
void run_guarded(const std::function<void()>& callback) noexcept;
/// Logs an exception that nobody else will see, with `what` was going on.
void log_exception(const char* what, const std::exception_ptr& error) noexcept;

}  // namespace funnel::detail
