#include <funnel/gen.h>

#include "core/loop_core.h"

namespace funnel {

namespace gen {

void Sleep::begin() {
  if (delay_ <= Duration::zero()) {
    wake();
    return;
  }
  set_ = true;
  set_timer(loop(), *this, time_after(loop().time(), delay_));
}

void Sleep::withdraw() noexcept {
  if (std::exchange(set_, false)) cancel_timer(loop(), *this);
}

}  // namespace gen

namespace detail {

DeadlineScope::DeadlineScope(TimePoint deadline) : loop_(IOLoop::current()) {
  set_timer(loop_, *this, deadline);
}

DeadlineScope::DeadlineScope(Duration timeout)
    : DeadlineScope(time_after(IOLoop::current().time(), timeout)) {}

void log_ignored_failure(const std::exception_ptr& error) noexcept {
  log_exception("multi: another failure beside the one that was thrown", error);
}

bool is_cancellation(const std::exception_ptr& error) noexcept {
  if (!error) return false;
  try {
    std::rethrow_exception(error);
  } catch (const Cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace detail

}  // namespace funnel
