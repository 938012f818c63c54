#pragma once

#include <funnel/future.h>
#include <funnel/ioloop.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

/// @file
/// Solutions of the challenges of chapter 3. Yours goes to work/ch03_futures/challenges.h.

namespace challenge {

// #region first
/// Returns the result of the future that has a value first; if all fail, the failure of the last
/// one that did. There is at least one.
template <typename T>
funnel::Future<T> first_of(const std::vector<funnel::Future<T>>& futures) {
  const funnel::Promise<T> promise;
  const auto left = std::make_shared<std::size_t>(futures.size());
  for (const funnel::Future<T>& future : futures) {
    future.add_done_callback([promise, left](const funnel::Future<T>& done) {
      const bool is_last = --*left == 0;
      const bool failed = done.exception() != nullptr;  // looked at, so it is not logged
      if (promise.done() || (failed && !is_last)) return;
      funnel::detail::pass_on(done, promise);
    });
  }
  return promise.future();
}
// #endregion first

/// Calls `start` until the future that it returns has a value, `times` times at most, and returns
/// that value or the last failure. Between the calls there are pauses, `pause` first, and then
/// twice as long each time.
template <typename T>
funnel::Future<T> retry(int times, funnel::Duration pause,
                        std::function<funnel::Future<T>()> start) {
  const funnel::Promise<T> promise;
  start().add_done_callback([=](const funnel::Future<T>& done) {
    if (!done.exception() || times <= 1) return funnel::detail::pass_on(done, promise);
    funnel::IOLoop::current().call_later(pause, [=] {
      retry<T>(times - 1, 2 * pause, start)
          .add_done_callback(
              [promise](const funnel::Future<T>& last) { funnel::detail::pass_on(last, promise); });
    });
  });
  return promise.future();
}

}  // namespace challenge
