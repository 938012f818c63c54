#pragma once

#include <funnel/callback_stream.h>
#include <funnel/error.h>
#include <funnel/future.h>
#include <funnel/socket.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

/// @file
/// Connections whose reads and writes return futures (`tornado.iostream`).

namespace funnel {

/// A connection. What you ask of it, it answers with a future.
///
/// Limits, watermarks and the rules for reading are those of `CallbackStream`, on which it stands:
/// one read at a time, a second one aborts. If the last future of a read is dropped, and no
/// callback waits for it, the read is withdrawn, and its bytes stay for the next.
///
/// **Errors.** Futures fail with `StreamClosedError`, whose code says why the stream is closed
/// (empty: by this side, or at the peer's end), or `StreamBufferFullError` beyond a limit. Closing
/// fails everything that waits.
///
/// **Lifetime.** Made on the current loop. It can be moved, also while a read waits. Destroying it
/// closes it. The loop's thread only.
class IOStream {
 public:
  /// Takes over a connection.
  explicit IOStream(Socket socket, StreamOptions options = {});
  explicit IOStream(std::shared_ptr<CallbackStream> stream) noexcept;
  IOStream(const IOStream&) = delete;
  IOStream& operator=(const IOStream&) = delete;
  IOStream(IOStream&&) noexcept = default;
  IOStream& operator=(IOStream&& other) noexcept;
  ~IOStream();

  /// Connects to `port` of a numeric address; see `CallbackStream::connect`. Fails with
  /// `StreamClosedError`.
  static Future<IOStream> connect(const std::string& address, std::uint16_t port,
                                  Duration timeout = std::chrono::seconds(20));

  /// Reads up to and including `delimiter`, `max_bytes` at most.
  Future<std::string> read_until(std::string delimiter, std::size_t max_bytes);
  /// Reads exactly `count` bytes; with `partial`, what is there: at least one, at most `count`.
  Future<std::string> read_bytes(std::size_t count, bool partial = false);
  /// Reads until the peer closes its side.
  Future<std::string> read_until_close();
  /// Sends `bytes`, which are copied where they have to wait. The future is done when you should
  /// write on: no more than 32 KiB wait. It may be dropped.
  Future<> write(std::string_view bytes);

  /// Closes this side once everything is sent.
  void close_write() { stream_->close_write(); }
  /// Closes the stream at once. Harmless twice.
  void close() noexcept;
  bool closed() const noexcept { return !stream_ || stream_->closed(); }
  /// Calls `callback` once, when the stream has closed.
  void set_close_callback(std::function<void()> callback);

  /// For protocols that parse in place; see `CallbackStream::fill`.
  Future<> fill();
  std::string_view buffered() const noexcept { return stream_->buffered(); }
  void consume(std::size_t count) { stream_->consume(count); }

  int fd() const noexcept { return stream_ ? stream_->fd() : -1; }

 private:
  /// Starts a read with `start`, which gets the callback. Returns its future.
  Future<std::string> read(const std::function<void(CallbackStream::ReadCallback)>& start);

  std::shared_ptr<CallbackStream> stream_;
};

namespace detail {

/// Returns the exception with which a stream's futures fail for this reason.
std::exception_ptr stream_exception(std::error_code reason);

}  // namespace detail

}  // namespace funnel
