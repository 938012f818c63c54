#pragma once

#include <funnel/ioloop.h>
#include <funnel/task.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>

namespace funnel::detail {

/// Returns the moment that follows `last`: one `interval` later, or as many as it takes to come
/// after `now`.
TimePoint next_moment(TimePoint last, TimePoint now, Duration interval) noexcept;

/// Returns `interval` times 1 + `jitter` × (`random` - 0.5), at least one tick; `random` is from 0
/// to 1.
Duration jittered(Duration interval, double jitter, double random) noexcept;

/// The work of a `PeriodicCallback`, which stops it before it lets go of it. It outlives that only
/// until the call that is running returns.
class PeriodicTimer final : private TimerNode,
                            private ReadyNode,
                            private TaskObserver,
                            public std::enable_shared_from_this<PeriodicTimer> {
 public:
  PeriodicTimer(std::function<void()> callback, std::function<Task<void>()> coroutine,
                Duration interval, double jitter);
  PeriodicTimer(const PeriodicTimer&) = delete;
  PeriodicTimer& operator=(const PeriodicTimer&) = delete;
  ~PeriodicTimer();

  void start();
  void stop() noexcept;
  bool is_running() const noexcept { return running_; }

 private:
  void set_next();
  void timer_fired() override;
  void start_task();
  std::coroutine_handle<> task_done() noexcept override;
  void run_ready() override;  // after the task's end, because it cannot be destroyed within that
  void run_ended();

  IOLoop& loop_;
  std::function<void()> callback_;         // either this
  std::function<Task<void>()> coroutine_;  // or this
  Duration interval_;
  double jitter_;
  std::minstd_rand random_;
  bool running_ = false;
  bool busy_ = false;     // from the beginning of a run until its end
  TimePoint moment_;      // of the next run; of the last one while it is busy
  std::uint64_t id_ = 0;  // of the next run in the trace
  Task<void> task_;
};

}  // namespace funnel::detail
