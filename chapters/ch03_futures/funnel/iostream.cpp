#include <funnel/iostream.h>

#include <exception>
#include <utility>

// A stream of chapter 2, and a promise for each call.

namespace funnel {

IOStream::IOStream(Socket socket, StreamOptions options)
    : stream_(CallbackStream::create(std::move(socket), options)) {}

IOStream::IOStream(std::shared_ptr<CallbackStream> stream) noexcept : stream_(std::move(stream)) {}

IOStream& IOStream::operator=(IOStream&& other) noexcept {
  if (this == &other) return *this;
  close();
  stream_ = std::move(other.stream_);
  return *this;
}

IOStream::~IOStream() { close(); }

void IOStream::close() noexcept {
  if (!stream_ || stream_->closed()) return;
  // #region task 3.4
  stream_->close();
  // The callbacks of what waited are called in the next turn, if the stream still lives then.
  IOLoop::current().add_callback([stream = stream_] {});
  // #endregion task 3.4
}

Future<std::string> IOStream::read(const std::function<void(CallbackStream::ReadCallback)>& start) {
  const Promise<std::string> promise;
  // #region task 3.4
  start([promise](Result<std::string> result) {
    if (result) return promise.set_value(std::move(*result));
    promise.set_exception(detail::stream_exception(result.error()));
  });
  // The stream must not live for as long as somebody forgets a future.
  const std::weak_ptr<CallbackStream> weak = stream_;
  promise.set_unwanted_callback([weak] {
    if (const std::shared_ptr<CallbackStream> stream = weak.lock()) stream->cancel_read();
  });
  // #endregion task 3.4
  return promise.future();
}

Future<std::string> IOStream::read_until(std::string delimiter, std::size_t max_bytes) {
  return read([&](CallbackStream::ReadCallback callback) {
    stream_->read_until(std::move(delimiter), max_bytes, std::move(callback));
  });
}

Future<std::string> IOStream::read_bytes(std::size_t count, bool partial) {
  return read([&](CallbackStream::ReadCallback callback) {
    stream_->read_bytes(count, std::move(callback), partial);
  });
}

Future<std::string> IOStream::read_until_close() {
  return read([&](CallbackStream::ReadCallback callback) {
    stream_->read_until_close(std::move(callback));
  });
}

Future<> IOStream::write(std::string_view bytes) {
  const Promise<> promise;
  // #region task 3.4
  stream_->write(bytes, [promise](std::error_code error) {
    if (!error) return promise.set_value();
    promise.set_exception(detail::stream_exception(error));
  });
  // #endregion task 3.4
  return promise.future();
}

}  // namespace funnel
