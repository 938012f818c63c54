#pragma once

#include <funnel/callback_stream.h>
#include <funnel/ioloop.h>
#include <funnel/result.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

/// @file
/// Solutions of the challenges of chapter 2. Yours goes to work/ch02_eventloop/challenges.h.

namespace challenge {

using Stream = std::shared_ptr<funnel::CallbackStream>;

// #region within
/// Reads as `read_until` does; if there is no result after `time`, withdraws the read and calls
/// back with `std::errc::timed_out`. The stream stays open. Calls back once.
inline void read_within(const Stream& stream, std::string delimiter, std::size_t max_bytes,
                        funnel::Duration time, funnel::CallbackStream::ReadCallback callback) {
  funnel::IOLoop& loop = funnel::IOLoop::current();
  // Each of the two ends the other, so exactly one of them calls. Neither keeps the stream alive.
  const auto shared = std::make_shared<funnel::CallbackStream::ReadCallback>(std::move(callback));
  const std::weak_ptr<funnel::CallbackStream> weak = stream;
  const funnel::Timeout timeout = loop.call_later(time, [weak, shared] {
    const Stream waiting = weak.lock();
    if (!waiting || !*shared) return;
    waiting->cancel_read();
    std::exchange(*shared, {})(std::make_error_code(std::errc::timed_out));
  });
  stream->read_until(std::move(delimiter), max_bytes,
                     [&loop, timeout, shared](funnel::Result<std::string> result) {
                       loop.remove_timeout(timeout);
                       // A result that was on its way when time ran out comes too late.
                       if (*shared) std::exchange(*shared, {})(std::move(result));
                     });
}
// #endregion within

/// Copies what comes from one stream to another until the end, which it passes on with
/// `close_write`. Calls `done` when everything is sent, or with the error that ended it.
inline void forward(const Stream& from, const Stream& to,
                    funnel::CallbackStream::DoneCallback done) {
  from->read_bytes(
      16'384,
      [from, to, done = std::move(done)](const funnel::Result<std::string>& bytes) {
        if (bytes.error() == funnel::StreamError::end_of_stream) {
          return to->close_write([to, done](std::error_code error) { done(error); });
        }
        if (!bytes) return done(bytes.error());
        // Not before there is room again: that is what slows the sender down.
        to->write(*bytes, [from, to, done](std::error_code error) {
          if (error) return done(error);
          forward(from, to, done);
        });
      },
      true);
}

}  // namespace challenge
