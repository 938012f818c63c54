#pragma once

#include <funnel/httputil.h>
#include <funnel/iostream.h>
#include <funnel/netutil.h>
#include <funnel/task.h>
#include <funnel/tcpserver.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace funnel {

namespace http {
class ServerConnection;
struct RequestHeadView;
}  // namespace http

/// The limits and time-outs of a server. All are on; 0 switches a time-out or the number of
/// connections off. Time-outs are looked at about once a second, short ones four times in their
/// length: they strike that much early or late.
class HTTPServerOptions {
 public:
  std::size_t max_request_line = std::size_t{8} * 1024;  // bytes; above: 414
  std::size_t max_header_size = std::size_t{64} * 1024;  // bytes of all header lines; above: 431
  std::size_t max_header_lines = 100;                    // above: 431
  std::uint64_t max_body_size = std::uint64_t{10} * 1024 * 1024;  // bytes; above: 413
  /// Bytes of answers that may wait for a client; above, the connection is cut off. At least
  /// 256 KiB; for `handle_stream`, the stream's own limit counts.
  std::size_t max_write_buffer_size = std::size_t{100} * 1024 * 1024;
  std::size_t max_connections = 10'000;  // the others wait in the system's queue
  Duration idle_connection_timeout = std::chrono::seconds(75);  // between requests
  Duration header_timeout = std::chrono::seconds(20);           // for a whole head
  Duration body_timeout = std::chrono::seconds(30);             // without progress
  Duration write_timeout = std::chrono::seconds(30);            // without progress
  bool no_keep_alive = false;                                   // one request a connection
};

/// A request that was received, body and all (`tornado.httputil.HTTPServerRequest`).
///
/// What it returns is valid until the handler has ended, across every `co_await` in it.
/// Made by the server; the loop's thread.
class HTTPServerRequest {
 public:
  HTTPServerRequest(const HTTPServerRequest&) = delete;
  HTTPServerRequest& operator=(const HTTPServerRequest&) = delete;
  ~HTTPServerRequest() = default;

  std::string_view method() const noexcept;
  /// Returns the target as it was sent.
  std::string_view uri() const noexcept;
  /// Returns the path: begins with `/`, or is `*`; still percent-encoded.
  std::string_view path() const noexcept;
  /// Returns what stands behind the first `?`.
  std::string_view query() const noexcept;
  /// Returns `HTTP/1.0` or `HTTP/1.1`.
  std::string_view version() const noexcept;
  /// Returns the host that is asked, with its port, as sent.
  std::string_view host() const noexcept;
  /// Returns the first header of that name, without a copy.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
  /// Returns all headers, copied at the first call.
  const HTTPHeaders& headers() const;
  std::string_view body() const noexcept { return body_; }
  /// Returns the fields behind a chunked body.
  const HTTPHeaders& trailers() const noexcept { return *trailers_; }
  /// Returns the peer's numeric address.
  const std::string& remote_ip() const noexcept { return peer_->ip; }
  /// Returns how long ago the request's head was complete, by the loop's clock.
  Duration request_time() const noexcept;

 private:
  friend class http::ServerConnection;
  explicit HTTPServerRequest(const Address& peer) noexcept : peer_(&peer) {}

  const http::RequestHeadView* head_ = nullptr;
  std::string_view body_;
  const HTTPHeaders* trailers_ = nullptr;
  const Address* peer_;
  TimePoint received_{};
  mutable std::optional<HTTPHeaders> headers_;
};

/// The way an answer goes out (`tornado.httputil.HTTPConnection`).
///
/// Either `respond`, which is the whole answer, or `write_headers`, any number of `write`s and
/// `finish`. Writes are eager: the bytes are queued at the call, and the futures tell when
/// the peer keeps pace, as `IOStream::write` does. After the peer has gone, writes send nothing and
/// their futures fail, which nobody has to look at. Calls in another order throw
/// `std::logic_error`.
///
/// `code` is 200 or above. `reason` and `fields` are sent as they are: the caller vouches that
/// they are well formed, and adds `Date` (RFC 9110 section 6.6.1).
///
/// Made by the server, valid until the handler has ended; the loop's thread.
class HTTPConnection {
 public:
  HTTPConnection() = default;
  HTTPConnection(const HTTPConnection&) = delete;
  HTTPConnection& operator=(const HTTPConnection&) = delete;

  /// Sends status, `fields` (header lines, each ended by CRLF) and the whole body, and ends the
  /// answer. `Content-Length` and `Connection` are added, `Content-Length` not for a status that
  /// has none; the body is left out for HEAD.
  virtual Future<> respond(int code, std::string_view reason, std::string_view fields,
                           std::string_view body) = 0;
  /// Sends status and fields, and the body in pieces: of `content_length` bytes in all if
  /// that is given, else chunked, else (HTTP/1.0) up to the connection's end.
  virtual void write_headers(int code, std::string_view reason, std::string_view fields,
                             std::optional<std::uint64_t> content_length) = 0;
  /// Sends a piece of the body. Throws `std::length_error` above `content_length`, after
  /// which the connection is cut off, so that the peer notices.
  virtual Future<> write(std::string_view chunk) = 0;
  /// Ends the answer. Throws `std::length_error` below `content_length`, as `write`.
  virtual Future<> finish() = 0;
  /// Ends the connection behind this answer, whatever the client wanted, and says so in it;
  /// too late once the head was sent.
  virtual void close_after_answer() noexcept = 0;
  /// Cuts the connection off: the peer sees that the answer is not complete, unless it is an
  /// HTTP/1.0 answer without a length, whose end is the connection's end.
  virtual void abort() noexcept = 0;

  /// Whether the status went out, and whether the answer is complete.
  virtual bool headers_written() const noexcept = 0;
  virtual bool finished() const noexcept = 0;
  /// Whether nothing more can be sent: the peer has gone, or the answer was cut off.
  virtual bool closed() const noexcept = 0;

 protected:
  ~HTTPConnection() = default;
};

/// An HTTP/1.1 server (`tornado.httpserver.HTTPServer`): keep-alive, pipelining, bodies
/// chunked both ways, strict about what it takes (RFC 9112).
///
/// For each request it calls `callback`, which answers through the connection and returns an
/// empty task when it has answered already. The task is cancelled when the peer goes away: an
/// end of the peer's sending side counts as that. An exception from it is logged and answered
/// with 500; if the head was sent already, the connection is cut off.
///
/// What cannot be parsed is answered with the status of its `ParseError` and closes the
/// connection, after a moment in which the peer can read the answer.
///
/// **Lifetime.** The destructor closes all connections and destroys the handlers' coroutines; so
/// never call it from one of them, but through `IOLoop::add_callback`.
class HTTPServer {
 public:
  using RequestCallback = std::function<Task<>(HTTPServerRequest&, HTTPConnection&)>;

  /// Serves on the current loop.
  explicit HTTPServer(RequestCallback callback, HTTPServerOptions options = {});
  HTTPServer(const HTTPServer&) = delete;
  HTTPServer& operator=(const HTTPServer&) = delete;
  ~HTTPServer();

  /// See `TCPServer`.
  void listen(std::uint16_t port, const std::string& address = {}, ListenOptions options = {});
  std::vector<Address> addresses() const;
  std::uint16_t port() const;
  void handle_stream(IOStream stream, Address peer);
  void stop();
  std::size_t connections() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace funnel
