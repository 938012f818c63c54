#pragma once

#include <funnel/future.h>
#include <funnel/result.h>

#include <exception>
#include <system_error>
#include <utility>

/// @file
/// From callbacks to futures (Tornado's `gen.Task` of old).

namespace funnel {

/// Calls `start` with a callback, and returns a future of what the callback is called with: a
/// value, or an error as `std::system_error`. If the callback is destroyed without a call, the
/// future fails with `BrokenPromise`.
///
///     Future<std::string> line = as_future<std::string>(
///         [&](auto callback) { stream->read_until("\n", 1000, callback); });
template <typename T, typename Start>
Future<T> as_future(Start start) {
  const Promise<T> promise;
  start([promise](Result<T> result) {
    if (result) return promise.set_value(std::move(*result));
    promise.set_exception(std::make_exception_ptr(std::system_error(result.error())));
  });
  return promise.future();
}

/// The same for a callback that gets an error code, which is empty for success.
template <typename Start>
Future<> as_future(Start start) {
  const Promise<> promise;
  start([promise](std::error_code error) {
    if (!error) return promise.set_value();
    promise.set_exception(std::make_exception_ptr(std::system_error(error)));
  });
  return promise.future();
}

}  // namespace funnel
