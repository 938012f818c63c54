#pragma once

#include <funnel/broken_promise.h>
#include <funnel/future_state.h>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

/// @file
/// Values that are not there yet, and who fills them.

namespace funnel {

template <typename T>
class Promise;

template <typename T>
class Future;

namespace detail {

template <typename T>
struct Unwrapped {
  using type = T;
};
template <typename T>
struct Unwrapped<Future<T>> {
  using type = T;
};

/// What `F` returns for the value of a `Future<T>`.
template <typename F, typename T>
struct Returned {
  using type = std::invoke_result_t<F&, T&>;
};
template <typename F>
struct Returned<F, void> {
  using type = std::invoke_result_t<F&>;
};

/// The value of the future that `then` returns: what `F` returns, or what that future is for.
template <typename F, typename T>
using ThenValue = typename Unwrapped<typename Returned<F, T>::type>::type;

}  // namespace detail

/// A value that is not there yet (`tornado.concurrent.Future`).
///
/// A future is a handle: copies mean the same result, which is set once, by a `Promise`. A failure
/// that nobody looked at when the last handle goes is logged. One thread.
template <typename T = void>
class Future {
 public:
  /// `Future<void>()` is a future that is done.
  Future() noexcept requires std::is_void_v<T>
  = default;

  bool done() const noexcept { return !state_ || state_->done(); }

  /// Returns the value (a reference that lives as long as some copy of the future) or throws the
  /// failure. Throws `std::logic_error` if it is not done.
  std::add_lvalue_reference_t<T> result() const {
    if constexpr (std::is_void_v<T>) {
      if (state_) checked_state().rethrow_if_failed();
    } else {
      checked_state().rethrow_if_failed();
      return state_->value();
    }
  }
  /// Returns the failure, or null. Throws `std::logic_error` if it is not done.
  std::exception_ptr exception() const { return state_ ? checked_state().exception() : nullptr; }

  /// Calls `callback(*this)` on the loop once the future is done: always in a later turn, never
  /// inside this call or inside `set_value`. Returns a number for `remove_done_callback`.
  std::uint64_t add_done_callback(std::function<void(Future)> callback) const;
  /// Takes a callback back that has not been called. Harmless if it has been.
  void remove_done_callback(std::uint64_t id) const noexcept {
    if (state_) state_->remove_done_callback(id);
  }

  /// Calls `function` with the value when it is there. Returns a future of what it returns; if it
  /// returns a future, of the value of that one. A failure passes through: `function` is not called
  /// then, and the returned future fails with it; so it does with what `function` throws.
  ///
  /// The value is passed as `T&`, and other holders of this future see what is done to it.
  /// `function` is called even if the returned future is dropped.
  template <typename F>
  Future<detail::ThenValue<F, T>> then(F function) const;

 private:
  friend class Promise<T>;
  template <typename U>
  friend class Future;

  explicit Future(std::shared_ptr<detail::FutureState<T>> state)
      : state_(std::move(state)), token_(state_->future_token()) {}

  detail::FutureState<T>& checked_state() const {
    if (!done()) throw std::logic_error("Future::result: the future is not done yet");
    return *state_;
  }

  std::shared_ptr<detail::FutureState<T>> state_;
  std::shared_ptr<void> token_;  // destroyed before the state
};

/// The writing half of a future. Copies write to the same future; when the last one goes away
/// without a result, the future fails with `BrokenPromise`. One thread: setting a result on another
/// aborts.
template <typename T = void>
class Promise {
 public:
  Promise() : state_(std::make_shared<detail::FutureState<T>>()), token_(state_->promise_token()) {}

  Future<T> future() const { return Future<T>(state_); }
  bool done() const noexcept { return state_->done(); }

  /// Sets the result. Callbacks run in the loop's next turn. Throws `std::logic_error` if there is
  /// a result already.
  template <typename... Args>
  void set_value(Args&&... args) const {
    state_->set_value(std::forward<Args>(args)...);
  }
  void set_exception(std::exception_ptr error) const { state_->set_exception(std::move(error)); }

  /// Calls `callback` at once when nobody can see the result any more: there is no future, no
  /// callback waits, and it is not set. The work for it can be given up then. It must not throw,
  /// nor hold the promise.
  void set_unwanted_callback(std::function<void()> callback) const {
    state_->set_unwanted_callback(std::move(callback));
  }

 private:
  std::shared_ptr<detail::FutureState<T>> state_;
  std::shared_ptr<void> token_;
};

template <typename T>
std::uint64_t Future<T>::add_done_callback(std::function<void(Future)> callback) const {
  if constexpr (std::is_void_v<T>) {
    if (!state_) {
      const Promise<> done;
      done.set_value();
      return done.future().add_done_callback(std::move(callback));
    }
  }
  // The state keeps the callback, and must not keep itself through it: a plain pointer, which is
  // made a future again when it is called.
  detail::FutureState<T>* raw = state_.get();
  return state_->add_done_callback([callback = std::move(callback), raw] {
    callback(Future(std::static_pointer_cast<detail::FutureState<T>>(raw->shared_from_this())));
  });
}

}  // namespace funnel

#include <funnel/as_future.h>
#include <funnel/multi.h>
#include <funnel/then.h>
#include <funnel/with_timeout.h>
