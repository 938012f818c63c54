#include <funnel/assert.h>
#include <funnel/ioloop.h>
#include <funnel/log.h>
#include <funnel/trace.h>

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/format.h>

// A turn of the loop, and what happens around everything that runs in it.

namespace funnel {

// #region turn
bool IOLoop::turn(bool may_wait) {
  trace::set_turn(++turn_);
  const std::optional<Duration> limit = may_wait ? wait_limit() : Duration::zero();
  trace::write("poll.wait", 0);
  const std::vector<Poller::Ready>& ready = poller_->wait(limit);  // the only call that blocks
  if (trace::enabled()) trace::write("poll.wake", 0, fmt::format("{} ready", ready.size()));
  bool ran = false;
  for (const Poller::Ready& each : ready) {
    if (each.tag == 0) wake_.drain();  // somebody has added a callback from another thread
  }
  if (!watched_.empty()) ran = run_handlers(ready);
  if (!timers_.empty()) ran = run_timers() || ran;
  if (has_callbacks()) ran = run_callbacks() || ran;
  return ran;
}
// #endregion turn

std::optional<Duration> IOLoop::wait_limit() {
  if (has_callbacks()) return Duration::zero();
  if (timers_.empty()) return std::nullopt;
  Duration left = Duration::zero();
  // #region task 2.4
  // Compared first: the difference of times that are far apart does not fit into a Duration.
  const TimePoint now = clock_.now();
  if (timers_.next_deadline() > now) left = timers_.next_deadline() - now;
  // #endregion task 2.4
  const bool never = left > Duration::zero() && !clock_.runs_by_itself();
  return never ? std::nullopt : std::optional(left);  // waiting does not move a clock that stands
}

bool IOLoop::has_callbacks() const {
  const std::lock_guard lock(mutex_);
  return !callbacks_.empty();
}

bool IOLoop::has_work() const {
  return has_callbacks() || !timers_.empty() || !watched_.empty() || work_elsewhere_ > 0;
}

void IOLoop::work_started() noexcept {
  check_thread("IOLoop::work_started");
  ++work_elsewhere_;
}

void IOLoop::work_finished() noexcept {
  check_thread("IOLoop::work_finished");
  FUNNEL_ASSERT(work_elsewhere_ > 0, "work was finished more often than it was started");
  --work_elsewhere_;
}

detail::Work IOLoop::make_work(const char* kind, std::function<void()> function) {
  detail::Work work{std::move(function), trace::next_id()};
  if (trace::enabled()) {
    trace::write(fmt::format("{}.add", kind), work.id, trace::name_of(work.function.target_type()));
  }
  return work;
}

void IOLoop::run(const char* kind, std::uint64_t id, const std::type_info& type,
                 const std::function<void()>& function) {
  const TimePoint begin = clock_.now();
  try {
    const trace::Running mark(kind, id, trace::enabled() ? trace::name_of(type) : "");
    function();
  } catch (const std::exception& failure) {
    log::app().error(fmt::format("Exception in {}: {}", kind, failure.what()));
  } catch (...) {
    log::app().error(fmt::format("Exception in {}, which is not a std::exception", kind));
  }
  const Duration took = clock_.now() - begin;
  if (blocking_threshold_ == Duration::zero() || took <= blocking_threshold_) return;
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  log::gen().warning(
      fmt::format("the loop was blocked for {} ms by a {}: {}", ms, kind, trace::name_of(type)));
}

}  // namespace funnel
