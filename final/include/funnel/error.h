#pragma once

#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace funnel {

/// Ends whatever a coroutine awaits when its cancellation was requested: the
/// peer went away, a deadline struck, the caller gave up. Let it pass; a
/// coroutine that catches it must finish without waiting again.
class Cancelled : public std::system_error {
 public:
  Cancelled() : std::system_error(std::make_error_code(std::errc::operation_canceled)) {}
};

/// Says that an operation did not finish in its time (`tornado.util.TimeoutError`).
class TimeoutError : public std::system_error {
 public:
  explicit TimeoutError(std::string what)
      : std::system_error(std::make_error_code(std::errc::timed_out)), what_(std::move(what)) {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

/// Completes a `Future` whose last `Promise` went away without a result.
class BrokenPromise : public std::logic_error {
 public:
  BrokenPromise() : std::logic_error("the promise was destroyed without a result") {}
};

}  // namespace funnel
