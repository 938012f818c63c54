#include <funnel/future.h>

#include "core/loop_core.h"

#include <stdexcept>

namespace funnel::detail {

namespace {

/// Keeps a state alive until its callback has run.
class StateHold {
 public:
  explicit StateHold(FutureStateBase& state) noexcept : state_(&state) { state_->retain(); }
  StateHold(const StateHold& other) noexcept : state_(other.state_) { state_->retain(); }
  StateHold& operator=(const StateHold&) = delete;
  ~StateHold() { state_->release(); }

 private:
  FutureStateBase* state_;
};

void call_soon(FutureStateBase& state, std::function<void()> callback) {
  IOLoop::current().add_callback(
      [hold = StateHold(state), callback = std::move(callback)] { callback(); });
}

}  // namespace

FutureStateBase::~FutureStateBase() {
  if (error_ && !seen_) log_exception("Exception in a future that nobody awaited", error_);
}

void FutureStateBase::release_promise() noexcept {
  if (--promises_ != 0 || done_) return;
  // With no other handle left than this promise's own and no callback, nobody can see it.
  if (references_ > 1 || !callbacks_.empty()) error_ = std::make_exception_ptr(BrokenPromise());
  complete();
}

void FutureStateBase::require_pending() const {
  if (done_) throw std::logic_error("Promise: the future has a result already");
}

void FutureStateBase::set_exception(std::exception_ptr error) {
  require_pending();
  error_ = std::move(error);
  complete();
}

void FutureStateBase::complete() noexcept {
  done_ = true;
  while (!waiters_.empty()) waiters_.pop_front().wake();
  for (std::function<void()>& callback : std::exchange(callbacks_, {})) {
    call_soon(*this, std::move(callback));
  }
}

void FutureStateBase::add_done_callback(std::function<void()> callback) {
  if (done_) {
    call_soon(*this, std::move(callback));
  } else {
    callbacks_.push_back(std::move(callback));
  }
}

}  // namespace funnel::detail
