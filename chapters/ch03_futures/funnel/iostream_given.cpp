#include <funnel/iostream.h>

#include <exception>
#include <system_error>
#include <utility>

// What is left of IOStream. Given.

namespace funnel {

namespace {

/// Returns a callback that gives its result to the promise.
CallbackStream::DoneCallback fulfilling(const Promise<>& promise) {
  return [promise](std::error_code error) {
    if (!error) return promise.set_value();
    promise.set_exception(detail::stream_exception(error));
  };
}

}  // namespace

std::exception_ptr detail::stream_exception(std::error_code reason) {
  if (reason == std::errc::no_buffer_space) {
    return std::make_exception_ptr(StreamBufferFullError());
  }
  const bool orderly = reason == StreamError::end_of_stream || reason == StreamError::closed;
  return std::make_exception_ptr(StreamClosedError(orderly ? std::error_code() : reason));
}

Future<IOStream> IOStream::connect(const std::string& address, std::uint16_t port,
                                   Duration timeout) {
  const Promise<IOStream> promise;
  const auto connected = [promise](const Result<std::shared_ptr<CallbackStream>>& stream) {
    if (stream) return promise.set_value(*stream);
    promise.set_exception(std::make_exception_ptr(StreamClosedError(stream.error())));
  };
  CallbackStream::connect(address, port, connected, timeout);
  return promise.future();
}

Future<> IOStream::fill() {
  const Promise<> promise;
  stream_->fill(fulfilling(promise));
  const std::weak_ptr<CallbackStream> weak = stream_;
  promise.set_unwanted_callback([weak] {
    if (const std::shared_ptr<CallbackStream> stream = weak.lock()) stream->cancel_read();
  });
  return promise.future();
}

void IOStream::set_close_callback(std::function<void()> callback) {
  stream_->set_close_callback([callback = std::move(callback)](std::error_code) { callback(); });
}

}  // namespace funnel
