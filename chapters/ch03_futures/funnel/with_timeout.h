#pragma once

#include <funnel/clock.h>
#include <funnel/error.h>
#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/then.h>

#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

namespace funnel {

/// Returns a future with the same result, if there is one until `deadline` on the current loop's
/// clock, or else fails with `TimeoutError` (`tornado.gen.with_timeout`).
///
/// What is behind `future` goes on, unless this was the last that held it: a read of a stream is
/// withdrawn then, for example. A failure that comes later is logged. A result that is set in the
/// same turn in which time runs out has come in time.
template <typename T>
Future<T> with_timeout(TimePoint deadline, Future<T> future) {
  if (future.done()) return future;
  const Promise<T> promise;
  IOLoop& loop = IOLoop::current();
  // #region task 3.3
  // Two callbacks, and whichever comes first takes the other one back.
  const auto timeout = std::make_shared<Timeout>();
  const std::uint64_t id =
      future.add_done_callback([promise, timeout, &loop](const Future<T>& done) {
        loop.remove_timeout(*timeout);
        detail::pass_on(done, promise);
      });
  *timeout = loop.call_at(deadline, [promise, future, id] {
    if (future.done()) return;  // its callback is on the way
    future.remove_done_callback(id);
    promise.set_exception(std::make_exception_ptr(TimeoutError("the result did not come in time")));
  });
  // #endregion task 3.3
  return promise.future();
}

/// The same with a time from now on.
template <typename T>
Future<T> with_timeout(Duration time, Future<T> future) {
  return with_timeout(time_after(IOLoop::current().time(), time), std::move(future));
}

}  // namespace funnel
