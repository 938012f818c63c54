#pragma once

#include <string>
#include <system_error>
#include <utility>

/// @file
/// The exceptions of an operation that cannot go on. All of them are `std::system_error`, so one
/// `catch` is enough to print what happened.

namespace funnel {

/// Says that an operation did not finish in time (`tornado.util.TimeoutError`).
class TimeoutError : public std::system_error {
 public:
  explicit TimeoutError(std::string what)
      : std::system_error(std::make_error_code(std::errc::timed_out)), what_(std::move(what)) {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

/// Ends an operation on a connection that is over (`tornado.iostream.StreamClosedError`). `code()`
/// says why: `std::errc::connection_reset` and so on, or no error for an orderly end.
class StreamClosedError : public std::system_error {
 public:
  explicit StreamClosedError(std::error_code reason = {})
      : std::system_error(reason),
        what_(reason ? "the stream is closed: " + reason.message() : "the stream is closed") {}
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

/// Ends a connection whose peer sent more than the reader's limit.
class StreamBufferFullError : public StreamClosedError {
 public:
  StreamBufferFullError() : StreamClosedError(std::make_error_code(std::errc::no_buffer_space)) {}
};

}  // namespace funnel
