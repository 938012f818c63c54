#pragma once

#include <funnel/detail/waiter.h>
#include <funnel/error.h>

#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

namespace funnel {

template <typename T>
class Promise;

namespace detail {

struct FutureTag;

/// A coroutine that awaits a future: one link in the future's list of waiters.
class FutureWaiter : public Waiter, public ListLink<FutureTag> {
 protected:
  ~FutureWaiter() = default;
  void withdraw() noexcept override { ListLink<FutureTag>::unlink(); }
};

/// What promises and futures of one result share. Counted without atomics: all of them
/// belong to one thread.
class FutureStateBase {
 public:
  FutureStateBase() = default;
  FutureStateBase(const FutureStateBase&) = delete;
  FutureStateBase& operator=(const FutureStateBase&) = delete;
  virtual ~FutureStateBase();  // logs a failure that nobody saw

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }
  bool shared() const noexcept { return references_ > 1; }
  void retain_promise() noexcept { ++promises_; }
  void release_promise() noexcept;

  bool done() const noexcept { return done_; }
  void set_exception(std::exception_ptr error);
  std::uint64_t add_done_callback(std::function<void()> callback);
  void remove_done_callback(std::uint64_t id) noexcept;
  void add_waiter(FutureWaiter& waiter) noexcept { waiters_.push_back(waiter); }
  void rethrow_if_failed() {
    seen_ = true;
    if (error_) std::rethrow_exception(error_);
  }
  const std::exception_ptr& exception() noexcept {
    seen_ = true;
    return error_;
  }

 protected:
  /// Throws if there is a result already; aborts on a thread that does not own it.
  void require_pending() const;
  void complete() noexcept;

 private:
  void call_soon(std::uint64_t id);

  int references_ = 0;
  int promises_ = 0;
  bool done_ = false;
  bool seen_ = false;
  std::exception_ptr error_;
  List<FutureWaiter, FutureTag> waiters_;
  std::map<std::uint64_t, std::function<void()>> callbacks_;  // not called yet, in their order
  std::uint64_t last_id_ = 0;
  const std::thread::id thread_ = std::this_thread::get_id();
};

template <typename T>
class FutureState final : public FutureStateBase {
 public:
  template <typename... Args>
  void set_value(Args&&... args) {
    require_pending();
    value_.emplace(std::forward<Args>(args)...);
    complete();
  }
  T& value() { return *value_; }

 private:
  std::optional<T> value_;
};

template <>
class FutureState<void> final : public FutureStateBase {
 public:
  void set_value() {
    require_pending();
    complete();
  }
};

/// Shares ownership of a future's state.
template <typename T>
class StateRef {
 public:
  StateRef() noexcept = default;
  explicit StateRef(FutureState<T>* state) noexcept : state_(state) { state_->retain(); }
  StateRef(const StateRef& other) noexcept : state_(other.state_) {
    if (state_ != nullptr) state_->retain();
  }
  StateRef(StateRef&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  StateRef& operator=(const StateRef& other) noexcept { return *this = StateRef(other); }
  StateRef& operator=(StateRef&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~StateRef() {
    if (state_ != nullptr) state_->release();
  }

  FutureState<T>* get() const noexcept { return state_; }
  FutureState<T>* operator->() const noexcept { return state_; }
  explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  FutureState<T>* state_ = nullptr;
};

}  // namespace detail

/// A value that is not there yet (`tornado.concurrent.Future`).
///
/// A future is a handle: copies mean the same result. It may be awaited by many
/// coroutines, and dropped; a failure that nobody asked for is logged. Cancelling a
/// coroutine that awaits it ends the wait, not the operation behind it. One thread.
template <typename T = void>
class Future {
 public:
  /// `Future<void>()` is a future that is done; it owns nothing.
  Future() noexcept requires std::is_void_v<T>
  = default;

  bool done() const noexcept { return !state_ || state_->done(); }

  /// Returns the value (a reference that lives as long as some copy of the future) or
  /// throws the failure. Throws `std::logic_error` if it is not done.
  std::add_lvalue_reference_t<T> result() const {
    if constexpr (std::is_void_v<T>) {
      if (!state_) return;
    }
    require_done();
    state_->rethrow_if_failed();
    if constexpr (!std::is_void_v<T>) return state_->value();
  }

  /// Returns the failure, or null.
  std::exception_ptr exception() const {
    if (!state_) return nullptr;
    require_done();
    return state_->exception();
  }

  /// Runs `callback(*this)` on the loop once the future is done: in a later turn always,
  /// never inside this call or inside `set_value`. Returns a number for `remove_done_callback`.
  std::uint64_t add_done_callback(std::function<void(Future)> callback) const;
  /// Takes a callback back that has not been called, and destroys it. Harmless if it has been.
  void remove_done_callback(std::uint64_t id) const noexcept {
    if (state_) state_->remove_done_callback(id);
  }

  class Awaiter final : public detail::FutureWaiter {
   public:
    Awaiter(detail::StateRef<T> state, bool may_move) noexcept
        : state_(std::move(state)), may_move_(may_move) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    Awaiter(Awaiter&& other) noexcept
        : state_(std::move(other.state_)), may_move_(other.may_move_) {}
    Awaiter& operator=(Awaiter&&) = delete;
    ~Awaiter() { this->withdraw(); }

    bool await_ready() const noexcept { return !state_ || state_->done(); }
    template <typename P>
    bool await_suspend(std::coroutine_handle<P> handle) {
      if (!this->suspend(handle, handle.promise())) return false;
      state_->add_waiter(*this);
      return true;
    }
    T await_resume() {
      this->throw_if_cancelled();
      if (state_) state_->rethrow_if_failed();
      if constexpr (!std::is_void_v<T>) return take_or_copy();
    }

   private:
    T take_or_copy() requires(!std::is_void_v<T>) {
      if constexpr (std::is_copy_constructible_v<T>) {
        if (!may_move_ || state_->shared()) return state_->value();
      }
      return std::move(state_->value());
    }

    detail::StateRef<T> state_;
    bool may_move_;
  };

  /// Waits for the result. Awaiting a temporary or moved future takes the value out if no
  /// other handle is left (always, if it cannot be copied); else it is copied.
  Awaiter operator co_await() const& { return Awaiter(state_, false); }
  Awaiter operator co_await() && { return Awaiter(std::move(state_), true); }

 private:
  friend class Promise<T>;
  explicit Future(detail::StateRef<T> state) noexcept : state_(std::move(state)) {}
  void require_done() const {
    if (!state_->done()) throw std::logic_error("Future::result: the future is not done yet");
  }

  detail::StateRef<T> state_;
};

/// The writing half of a future. Copies write to the same future; when the last one goes
/// away without a result, the future fails with `BrokenPromise`. One thread.
template <typename T = void>
class Promise {
 public:
  Promise() : state_(new detail::FutureState<T>) { state_->retain_promise(); }
  Promise(const Promise& other) noexcept : state_(other.state_) {
    if (state_) state_->retain_promise();
  }
  Promise(Promise&& other) noexcept = default;
  Promise& operator=(const Promise& other) noexcept { return *this = Promise(other); }
  Promise& operator=(Promise&& other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~Promise() {
    if (state_) state_->release_promise();
  }

  Future<T> future() const { return Future<T>(state_); }
  bool done() const noexcept { return state_->done(); }

  /// Sets the result. Callbacks and waiting coroutines run in the loop's next turn. Throws
  /// `std::logic_error` if there is a result already, and aborts with a sentence on a thread that
  /// did not make the promise: use `IOLoop::add_callback` there.
  template <typename... Args>
  void set_value(Args&&... args) const {
    state_->set_value(std::forward<Args>(args)...);
  }
  void set_exception(std::exception_ptr error) const { state_->set_exception(std::move(error)); }

 private:
  detail::StateRef<T> state_;
};

template <typename T>
std::uint64_t Future<T>::add_done_callback(std::function<void(Future)> callback) const {
  detail::StateRef<T> state = state_;
  detail::StateRef<T> pending = state ? state : detail::StateRef<T>(new detail::FutureState<T>);
  if constexpr (std::is_void_v<T>) {
    if (!state) pending->set_value();
  }
  // The state keeps the callback, and must not keep itself through it: a plain pointer,
  // retaken when it runs.
  detail::FutureState<T>* raw = pending.get();
  return pending->add_done_callback(
      [callback = std::move(callback), raw] { callback(Future(detail::StateRef<T>(raw))); });
}

}  // namespace funnel
