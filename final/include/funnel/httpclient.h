#pragma once

#include <funnel/clock.h>
#include <funnel/error.h>
#include <funnel/httputil.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace funnel {

/// Describes a request that a client is to send (`tornado.httpclient.HTTPRequest`).
///
/// What it holds is checked when it is fetched: `std::invalid_argument` says what is wrong.
class HTTPRequest {
 public:
  explicit HTTPRequest(std::string url_text, std::string method_name = "GET")
      : url(std::move(url_text)), method(std::move(method_name)) {}

  /// An absolute `http` URL; `https` is refused, since TLS is not built yet. User information
  /// before the host (`http://me:secret@host/`) becomes an `Authorization: Basic` header and is
  /// not sent otherwise.
  std::string url;
  /// POST, PUT and PATCH must have a body; GET, HEAD, DELETE, OPTIONS and TRACE must not;
  /// any other token but CONNECT may.
  std::string method;
  /// Sent as they are. `Host`, `User-Agent` and, for POST, `Content-Type` are added if they
  /// are missing; `Content-Length` must be right if it is there; `Transfer-Encoding` is
  /// refused, since the body is sent as a whole.
  HTTPHeaders headers;
  std::optional<std::string> body;
  /// How long each hop may wait for a connection, in the queue for a free one and then for
  /// name look-up and connecting. 0: no limit.
  Duration connect_timeout = std::chrono::seconds(20);
  /// How long everything may take, redirects too. 0: no limit.
  Duration request_timeout = std::chrono::seconds(20);
  /// Whether 301, 302, 303, 307 and 308 with a `Location` are followed.
  ///
  /// 303 makes any method but HEAD a GET, 301 and 302 a POST; then the body goes, with the
  /// headers that describe it. `Authorization` and `Cookie` are not sent to another origin.
  bool follow_redirects = true;
  /// When they are used up, the redirect itself is the response.
  int max_redirects = 5;
  /// The most that is taken of a response's body, in bytes; above, the fetch fails.
  std::uint64_t max_body_size = std::uint64_t{100} * 1024 * 1024;
  /// The value of `User-Agent`; empty: none is sent.
  std::string user_agent = "funnel/0.1";
};

/// Holds what a server answered (`tornado.httpclient.HTTPResponse`).
class HTTPResponse {
 public:
  HTTPResponse() = default;

  /// Throws `HTTPClientError` unless the code is one of 200 to 299.
  void rethrow() const;

  int code = 0;
  std::string reason;
  HTTPHeaders headers;
  std::string body;
  /// The URL that answered, after redirects; without user information and fragment.
  std::string effective_url;
  /// When the fetch began, and how long it took.
  std::chrono::system_clock::time_point start_time{};
  Duration request_time{};
};

/// Says that the server answered, but not with success: `HTTP 404 Not Found from
/// http://host/path` (`tornado.httpclient.HTTPClientError`).
class HTTPClientError : public std::runtime_error {
 public:
  explicit HTTPClientError(HTTPResponse response);

  /// Returns the status code.
  [[nodiscard]] int code() const noexcept { return response_->code; }
  /// Returns the whole answer; it lives as long as the exception or a copy of it.
  [[nodiscard]] const HTTPResponse& response() const noexcept { return *response_; }

 private:
  std::shared_ptr<const HTTPResponse> response_;  // copying an exception must not throw
};

/// Says which time-out of a request struck, and for which host
/// (`tornado.simple_httpclient.HTTPTimeoutError`).
class HTTPTimeoutError : public TimeoutError {
 public:
  using TimeoutError::TimeoutError;
};

/// Fetches URLs one after the other and blocks meanwhile (`tornado.httpclient.HTTPClient`).
/// Connections are kept open between calls.
///
/// For programs without an event loop. One thread at a time.
class HTTPClient {
 public:
  HTTPClient();
  HTTPClient(const HTTPClient&) = delete;
  HTTPClient& operator=(const HTTPClient&) = delete;
  ~HTTPClient();

  /// Sends the request and returns the response.
  ///
  /// Throws `HTTPClientError` for a code outside 200 to 299 if `raise_error`,
  /// `HTTPTimeoutError`, `std::system_error` with host and port in its message when there is
  /// no connection or no proper response, `std::invalid_argument` for a request that cannot be
  /// sent, and `std::logic_error` on a thread whose `IOLoop` is running, which it would block.
  HTTPResponse fetch(HTTPRequest request, bool raise_error = true);
  /// The same for a GET.
  HTTPResponse fetch(std::string url, bool raise_error = true);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace funnel
