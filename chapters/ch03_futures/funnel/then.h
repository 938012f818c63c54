#pragma once

#include <funnel/future.h>

#include <exception>
#include <type_traits>
#include <utility>

/// @file
/// `Future::then`: what to do with a value that is not there yet.

namespace funnel::detail {

/// Takes the value of a future that is done: copies it if it can be copied, since others may hold
/// the future, or else moves it out. Throws the failure.
template <typename T>
T take(const Future<T>& future) {
  if constexpr (std::is_void_v<T>) {
    future.result();
  } else if constexpr (std::is_copy_constructible_v<T>) {
    return future.result();
  } else {
    return std::move(future.result());
  }
}

/// Gives the promise the result of `from`, which is done: the value, or the failure.
template <typename T>
void pass_on(const Future<T>& from, const Promise<T>& to) {
  // #region task 3.2
  if (from.exception()) return to.set_exception(from.exception());
  if constexpr (std::is_void_v<T>) {
    to.set_value();
  } else {
    to.set_value(take(from));
  }
  // #endregion task 3.2
}

/// Calls `function()` and gives the promise what it returns, or the exception that it throws. If it
/// returns a future, the promise gets that one's result, when it is there.
template <typename F, typename U>
void fulfil(const Promise<U>& promise, F&& function) {
  using Result = std::invoke_result_t<F&>;
  // #region task 3.2
  try {
    if constexpr (std::is_same_v<Result, Future<U>>) {
      function().add_done_callback([promise](const Future<U>& done) { pass_on(done, promise); });
    } else if constexpr (std::is_void_v<Result>) {
      function();
      promise.set_value();
    } else {
      promise.set_value(function());
    }
  } catch (...) {
    promise.set_exception(std::current_exception());
  }
  // #endregion task 3.2
}

/// Calls `function` with the value of a future that is done, or with nothing if it has none.
template <typename F, typename T>
decltype(auto) call_with_value(F& function, const Future<T>& done) {
  if constexpr (std::is_void_v<T>) {
    return function();
  } else {
    return function(done.result());
  }
}

}  // namespace funnel::detail

namespace funnel {

template <typename T>
template <typename F>
Future<detail::ThenValue<F, T>> Future<T>::then(F function) const {
  const Promise<detail::ThenValue<F, T>> promise;
  // #region task 3.2
  add_done_callback([promise, function = std::move(function)](const Future& done) mutable {
    if (done.exception()) return promise.set_exception(done.exception());
    detail::fulfil(promise,
                   [&]() -> decltype(auto) { return detail::call_with_value(function, done); });
  });
  // #endregion task 3.2
  return promise.future();
}

}  // namespace funnel
