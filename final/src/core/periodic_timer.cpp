#include "core/periodic_timer.h"

#include "core/loop_core.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace funnel {

namespace detail {

TimePoint next_moment(TimePoint last, TimePoint now, Duration interval) noexcept {
  const auto passed = now > last ? (now - last) / interval : 0;
  return time_after(last + passed * interval, interval);
}

Duration jittered(Duration interval, double jitter, double random) noexcept {
  const double ticks = static_cast<double>(interval.count()) * (1 + jitter * (random - 0.5));
  if (ticks >= static_cast<double>(Duration::max().count())) return Duration::max();
  return std::max(Duration(static_cast<Duration::rep>(ticks)), Duration(1));
}

PeriodicTimer::PeriodicTimer(std::function<void()> callback, std::function<Task<void>()> coroutine,
                             Duration interval, double jitter)
    : loop_(IOLoop::current()),
      callback_(std::move(callback)),
      coroutine_(std::move(coroutine)),
      interval_(interval),
      jitter_(jitter) {
  if (interval <= Duration::zero()) {
    throw std::invalid_argument("PeriodicCallback: the interval must be positive");
  }
  if (!(jitter >= 0 && jitter <= 1)) {
    throw std::invalid_argument("PeriodicCallback: the jitter must be between 0 and 1");
  }
  loop_.core().check_thread("PeriodicCallback");
  if (jitter > 0) random_.seed(std::random_device()());
  loop_.core().resource_added();
}

PeriodicTimer::~PeriodicTimer() { loop_.core().resource_removed(); }

void PeriodicTimer::start() {
  loop_.core().check_thread("PeriodicCallback::start");
  if (std::exchange(running_, true)) return;
  moment_ = loop_.time();
  if (!busy_) set_next();
}

void PeriodicTimer::stop() noexcept {
  loop_.core().check_thread("PeriodicCallback::stop");
  running_ = false;
  cancel_timer(loop_, *this);
  if (id_ != 0) trace::write("timer.remove", std::exchange(id_, 0));
}

void PeriodicTimer::set_next() {
  std::uniform_real_distribution<double> from_0_to_1;
  const Duration interval =
      jitter_ > 0 ? jittered(interval_, jitter_, from_0_to_1(random_)) : interval_;
  moment_ = next_moment(moment_, loop_.time(), interval);
  id_ = coroutine_ ? trace::added("timer", coroutine_) : trace::added("timer", callback_);
  set_timer(loop_, *this, moment_);
}

void PeriodicTimer::timer_fired() {
  const std::shared_ptr<PeriodicTimer> self = shared_from_this();  // the callback may destroy it
  const std::uint64_t id = std::exchange(id_, 0);
  busy_ = true;
  if (coroutine_) {
    loop_.core().run("timer", id, coroutine_, [this] { start_task(); });
  } else {
    loop_.core().run("timer", id, callback_, callback_);
  }
  if (TaskAccess::empty(task_)) run_ended();
}

void PeriodicTimer::start_task() {
  task_ = coroutine_();
  TaskAccess::start(task_, *this, nullptr);
}

std::coroutine_handle<> PeriodicTimer::task_done() noexcept {
  schedule(loop_, *this);
  return {};
}

void PeriodicTimer::run_ready() {
  const std::shared_ptr<PeriodicTimer> self = shared_from_this();
  {
    const Task<void> ended = std::move(task_);  // what it holds may destroy the PeriodicCallback
    if (const auto error = TaskAccess::error(ended)) log_exception("Exception in timer", error);
  }
  run_ended();
}

// From moment to moment, not from the end of one run to the next: otherwise the time that a run
// takes would add up.
void PeriodicTimer::run_ended() {
  busy_ = false;
  if (running_) set_next();
}

}  // namespace detail

PeriodicCallback::PeriodicCallback(std::function<void()> callback, Duration interval, double jitter)
    : timer_(std::make_shared<detail::PeriodicTimer>(std::move(callback), nullptr, interval,
                                                     jitter)) {}

PeriodicCallback::PeriodicCallback(Coroutine, std::function<Task<void>()> callback,
                                   Duration interval, double jitter)
    : timer_(std::make_shared<detail::PeriodicTimer>(nullptr, std::move(callback), interval,
                                                     jitter)) {}

PeriodicCallback::~PeriodicCallback() { timer_->stop(); }

void PeriodicCallback::start() { timer_->start(); }
void PeriodicCallback::stop() noexcept { timer_->stop(); }
bool PeriodicCallback::is_running() const noexcept { return timer_->is_running(); }

}  // namespace funnel
