#include <funnel/future.h>

#include "core/loop_core.h"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

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
#if FUNNEL_CHECK_THREADS
  if (std::this_thread::get_id() != thread_) {
    std::fputs(
        "funnel: a promise was used from a thread that does not own it; use "
        "IOLoop::add_callback to set its result on the loop's thread\n",
        stderr);
    std::abort();
  }
#endif
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
  for (const auto& [id, callback] : callbacks_) call_soon(id);
}

std::uint64_t FutureStateBase::add_done_callback(std::function<void()> callback) {
  const std::uint64_t id = ++last_id_;
  callbacks_.emplace(id, std::move(callback));
  if (done_) call_soon(id);
  return id;
}

void FutureStateBase::remove_done_callback(std::uint64_t id) noexcept {
  const StateHold hold(*this);  // what the callback holds may be the last handle
  const auto removed = callbacks_.extract(id);
}

void FutureStateBase::call_soon(std::uint64_t id) {
  IOLoop::current().add_callback([hold = StateHold(*this), this, id] {
    const auto callback = callbacks_.extract(id);
    if (!callback.empty()) callback.mapped()();
  });
}

}  // namespace funnel::detail
