#include <funnel/broken_promise.h>
#include <funnel/future_state.h>
#include <funnel/ioloop.h>
#include <funnel/log.h>
#include <funnel/trace.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

// A result is set once. Its callbacks are called once, in order, always by the loop: the code that
// sets the result, perhaps in the middle of something else, is not interrupted by them.

namespace funnel::detail {

void FutureStateBase::set_exception(std::exception_ptr error) {
  require_pending();
  error_ = std::move(error);
  complete();
}

void FutureStateBase::complete() {
  // #region task 3.1
  done_ = true;
  for (const auto& [id, callback] : callbacks_) post(id);
  // #endregion task 3.1
}

std::uint64_t FutureStateBase::add_done_callback(std::function<void()> callback) {
  const std::uint64_t id = ++last_id_;
  trace::write("future.callback", trace_id_);
  // #region task 3.1
  callbacks_.emplace(id, std::move(callback));
  if (done_) post(id);  // it comes late, and is called like all others: not here
  // #endregion task 3.1
  return id;
}

void FutureStateBase::remove_done_callback(std::uint64_t id) noexcept {
  // #region task 3.1
  // Destroyed at the end of this function: what it holds may come back to us.
  const auto removed = callbacks_.extract(id);
  // #endregion task 3.1
  check_wanted();
}

void FutureStateBase::call_back(std::uint64_t id) {
  // #region task 3.1
  const auto found = callbacks_.extract(id);  // taken out first: it is called once
  if (!found.empty()) found.mapped()();
  // #endregion task 3.1
}

void FutureStateBase::promise_gone() {
  unwanted_ = nullptr;
  // #region task 3.1
  if (done_) return;
  // Where nobody can see it, nothing is broken.
  if (is_wanted()) error_ = std::make_exception_ptr(BrokenPromise());
  complete();
  // #endregion task 3.1
}

void FutureStateBase::post(std::uint64_t id) {
  const auto self = shared_from_this();
  IOLoop::current().add_callback([self, id] { self->call_back(id); });
}

const std::exception_ptr& FutureStateBase::exception() noexcept {
  seen_ = true;
  return error_;
}

void FutureStateBase::rethrow_if_failed() {
  if (exception()) std::rethrow_exception(error_);
}

FutureStateBase::FutureStateBase() : trace_id_(trace::next_id()) {
  trace::write("future.add", trace_id_);
}

FutureStateBase::~FutureStateBase() {
  if (!error_ || seen_) return;
  try {
    std::rethrow_exception(error_);
  } catch (const BrokenPromise&) {
    // Nothing has failed: the work was given up, and nobody waits for it.
  } catch (const std::exception& error) {
    log::app().error(fmt::format("Exception in a future that nobody looked at: {}", error.what()));
  } catch (...) {
    log::app().error("Exception in a future that nobody looked at, and not a std::exception");
  }
}

void FutureStateBase::require_pending() const {
  if (std::this_thread::get_id() != thread_) {
    std::fprintf(stderr,
                 "funnel: a promise was used from a thread that does not own it; use "
                 "IOLoop::add_callback to set its result on the loop's thread\n");
    std::abort();
  }
  if (done_) throw std::logic_error("Promise: the future has a result already");
  trace::write("future.set", trace_id_);
}

std::shared_ptr<void> FutureStateBase::future_token() {
  std::shared_ptr<void> token = futures_.lock();
  if (token) return token;
  token = std::shared_ptr<void>(nullptr, [this](void*) { check_wanted(); });
  futures_ = token;
  return token;
}

std::shared_ptr<void> FutureStateBase::promise_token() {
  return {nullptr, [this](void*) { promise_gone(); }};
}

void FutureStateBase::set_unwanted_callback(std::function<void()> callback) {
  unwanted_ = std::move(callback);
}

bool FutureStateBase::is_wanted() const noexcept {
  return !futures_.expired() || !callbacks_.empty();
}

void FutureStateBase::check_wanted() noexcept {
  if (!done_ && unwanted_ && !is_wanted()) std::exchange(unwanted_, nullptr)();
}

}  // namespace funnel::detail
