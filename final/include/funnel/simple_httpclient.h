#pragma once

#include <funnel/httpclient.h>
#include <funnel/iostream.h>
#include <funnel/netutil.h>
#include <funnel/task.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace funnel {

namespace http {
class ClientState;
}

/// The limits of a client.
class AsyncHTTPClientOptions {
 public:
  AsyncHTTPClientOptions() = default;

  std::size_t max_clients = 10;            // fetches at a time, at least 1; the others queue
  std::size_t max_idle_connections = 100;  // of all hosts; above, the oldest are closed
  std::size_t max_idle_connections_per_host = 10;               // 0: no connection is used twice
  Duration idle_connection_timeout = std::chrono::seconds(60);  // 0: no limit
  /// Bytes of all header lines of a response. There may be 100 of them, behind a status line of
  /// 8 KiB with its end; these two limits are fixed.
  std::size_t max_header_size = std::size_t{64} * 1024;
  /// `max_write_buffer_size` bounds the body of a request too: it is queued as a whole.
  IOStreamOptions stream_options;
};

/// Fetches URLs side by side, HTTP/1.1 (`tornado.simple_httpclient.SimpleAsyncHTTPClient`).
///
/// **Connections** are kept and used again. A request on a kept connection that the server
/// closed before it answered anything is sent once more, on a new connection, if its method is
/// idempotent (RFC 9110 section 9.2.2); else it fails, since the server may have acted on it.
/// A request with a `Connection` header other than `keep-alive` closes its connection.
///
/// **Queue.** `max_clients` fetches run at a time, redirects included; the others wait in the
/// order in which they came.
///
/// **Lifetime.** The loop must outlive the client. Destroying the client closes its idle
/// connections and ends the fetches that run with a `std::system_error` (operation canceled)
/// that says so.
///
/// **Cancellation.** A fetch that is cancelled or destroyed closes its connection, and the next
/// one in the queue goes on.
///
/// **Threads.** The loop's only.
class AsyncHTTPClient {
 public:
  using Options = AsyncHTTPClientOptions;

  /// Makes a client on the current loop. `resolver` must outlive it and its fetches. Throws
  /// `std::invalid_argument` if no client may run.
  explicit AsyncHTTPClient(Options options = Options(), Resolver& resolver = default_resolver());
  AsyncHTTPClient(const AsyncHTTPClient&) = delete;
  AsyncHTTPClient& operator=(const AsyncHTTPClient&) = delete;
  ~AsyncHTTPClient();

  /// Sends the request and returns the response, once it is complete.
  ///
  /// Throws `HTTPClientError` for a code outside 200 to 299 if `raise_error`; whatever
  /// `raise_error` is, `HTTPTimeoutError` ("Timeout in request queue", "Timeout while
  /// connecting", "Timeout during request"), `std::system_error` with host and port in its
  /// message when there is no connection or no proper response, and `std::invalid_argument`
  /// for a request that cannot be sent.
  Task<HTTPResponse> fetch(HTTPRequest request, bool raise_error = true);
  /// The same for a GET.
  Task<HTTPResponse> fetch(std::string url, bool raise_error = true);

 private:
  std::shared_ptr<http::ClientState> state_;
};

}  // namespace funnel
