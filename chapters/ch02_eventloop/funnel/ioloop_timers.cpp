#include <funnel/ioloop.h>
#include <funnel/trace.h>

#include <stdexcept>
#include <utility>

// Timers, and the callback that runs again and again.

namespace funnel {

Timeout IOLoop::call_later(Duration delay, std::function<void()> callback) {
  return call_at(time_after(time(), delay), std::move(callback));
}

Timeout IOLoop::call_at(TimePoint deadline, std::function<void()> callback) {
  check_thread("IOLoop::call_at");
  detail::Work work = make_work("timer", std::move(callback));
  return Timeout(timers_.add(deadline, std::move(work)));
}

void IOLoop::remove_timeout(Timeout timeout) noexcept {
  check_thread("IOLoop::remove_timeout");
  if (const std::uint64_t id = timers_.id(timeout.number_)) trace::write("timer.remove", id);
  timers_.remove(timeout.number_);
}

bool IOLoop::run_timers() {
  // #region task 2.4
  // What is due is decided once: a timer that a callback sets runs in a later turn, even if it is
  // due at once. But one that a callback removes does not run, although it is in this list.
  bool ran = false;
  for (const std::uint64_t number : timers_.pop_due(time())) {
    if (stop_requested_) {
      timers_.put_back(number);
      continue;
    }
    const std::optional<detail::Work> work = timers_.take(number);
    if (!work) continue;
    run("timer", work->id, work->function.target_type(), work->function);
    ran = true;
  }
  return ran;
  // #endregion task 2.4
}

PeriodicCallback::PeriodicCallback(std::function<void()> callback, Duration interval)
    : loop_(IOLoop::current()),
      callback_(std::make_shared<const std::function<void()>>(std::move(callback))),
      interval_(interval) {
  if (interval <= Duration::zero()) {
    throw std::invalid_argument("PeriodicCallback: the interval has to be positive");
  }
}

void PeriodicCallback::start() {
  if (running_) return;
  running_ = true;
  ++*changes_;
  next_ = loop_.time();
  schedule();
}

void PeriodicCallback::stop() noexcept {
  running_ = false;
  ++*changes_;
  loop_.remove_timeout(timeout_);
}

/// Sets the timer for the next moment when a run is over, even by an exception; unless the run has
/// stopped, started or destroyed the `PeriodicCallback` itself.
class PeriodicCallback::AfterRun {
 public:
  explicit AfterRun(PeriodicCallback& periodic)
      : periodic_(periodic), changes_(periodic.changes_), before_(*periodic.changes_) {}
  AfterRun(const AfterRun&) = delete;
  AfterRun& operator=(const AfterRun&) = delete;
  ~AfterRun() {
    const std::shared_ptr<int> changes = changes_.lock();
    if (changes && *changes == before_) periodic_.schedule();
  }

 private:
  PeriodicCallback& periodic_;
  std::weak_ptr<int> changes_;
  int before_;
};

void PeriodicCallback::schedule() {
  // From moment to moment, not from the end of one run to the next: otherwise the time that a run
  // takes would add up.
  const TimePoint now = loop_.time();
  next_ = time_after(now - (now - next_) % interval_, interval_);
  timeout_ = loop_.call_at(next_, [this] {
    const AfterRun after(*this);
    const auto callback = callback_;  // the run may destroy this
    (*callback)();
  });
}

}  // namespace funnel
