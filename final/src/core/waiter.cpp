#include <funnel/detail/waiter.h>

#include "core/loop_core.h"

#include <funnel/error.h>
#include <funnel/ioloop.h>

#include <time.h>

namespace funnel::detail {

namespace {

// For people who read a dump: a few milliseconds do not matter, 5 ns instead of 25 do. Only Linux
// has this clock, and there both libstdc++ and libc++ let steady_clock begin where it begins.
std::chrono::steady_clock::time_point coarse_now() noexcept {
#ifdef CLOCK_MONOTONIC_COARSE
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::chrono::steady_clock::time_point(std::chrono::seconds(now.tv_sec) +
                                               std::chrono::nanoseconds(now.tv_nsec));
#else
  return std::chrono::steady_clock::now();
#endif
}

}  // namespace

bool Waiter::suspend(std::coroutine_handle<> handle, PromiseBase& promise) noexcept {
  CancelState* scope = promise.cancel_state();
  if (scope != nullptr) {
    if (scope->requested()) {
      cancelled_ = true;
      return false;
    }
    scope->add(*this);
  }
  handle_ = handle;
  promise_ = &promise;
  loop_ = &IOLoop::current();
  promise.set_waiting_since(coarse_now());
  return true;
}

void Waiter::resume_now() {
  ReadyNode::unlink();
  CancelHook::unlink();
  promise_->set_waiting_since({});
  const std::coroutine_handle<> handle = std::exchange(handle_, {});
  LoopCore& core = loop_->core();
  if (!core.is_observed()) [[likely]] {
    Trampoline::run(handle);
    return;
  }
  const AwaitSite site = promise_->site();  // the coroutine may end, and this with it
  core.run_timed(
      "coroutine", [handle] { Trampoline::run(handle); }, [&site] { return name_after(site); });
}

void Waiter::wake() noexcept {
  if (ReadyNode::linked()) return;
  CancelHook::unlink();
  schedule(*loop_, *this);
}

void Waiter::on_cancel() noexcept {
  cancelled_ = true;
  withdraw();
  schedule(*loop_, *this);
}

void Waiter::throw_if_cancelled() const {
  if (cancelled_) throw Cancelled();
}

}  // namespace funnel::detail
