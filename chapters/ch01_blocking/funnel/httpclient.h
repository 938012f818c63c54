#pragma once

#include <funnel/error.h>
#include <funnel/httputil.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

/// @file
/// A client that fetches a page and blocks until it has arrived (`tornado.httpclient.HTTPClient`).

namespace funnel {

/// Describes a request (`tornado.httpclient.HTTPRequest`).
///
/// A fetch checks it, and throws `std::invalid_argument` with a sentence on what is wrong.
class HTTPRequest {
 public:
  using Duration = std::chrono::steady_clock::duration;

  explicit HTTPRequest(std::string url_text, std::string method_name = "GET")
      : url(std::move(url_text)), method(std::move(method_name)) {}

  /// An absolute `http` URL, without user information.
  std::string url;
  /// POST, PUT and PATCH must have a body; GET, HEAD, DELETE, OPTIONS and TRACE must not have one;
  /// any other token may, except CONNECT, which is refused.
  std::string method;
  /// Sent as they are. `Host`, `User-Agent`, `Connection: close` and, for POST, `Content-Type:
  /// application/x-www-form-urlencoded` are added if they are missing; `Content-Length` must be
  /// right if it is there; `Transfer-Encoding` is refused, since the body is sent as a whole.
  HTTPHeaders headers;
  std::optional<std::string> body;
  /// How long connecting may take. 0: no limit. Looking up the host's name counts, but cannot
  /// be interrupted.
  Duration connect_timeout = std::chrono::seconds(20);
  /// How long everything together may take. 0: no limit.
  Duration request_timeout = std::chrono::seconds(20);
  /// The limit of a response's body, in bytes. A fetch of a larger one fails.
  std::uint64_t max_body_size = std::uint64_t{100} * 1024 * 1024;
  /// The value of `User-Agent`; if empty, none is sent.
  std::string user_agent = "funnel/0.1";
};

/// Holds a server's response (`tornado.httpclient.HTTPResponse`).
class HTTPResponse {
 public:
  HTTPResponse() = default;

  /// Throws `HTTPClientError` unless the code is one of 200 to 299.
  void rethrow() const;

  int code = 0;
  std::string reason;
  HTTPHeaders headers;
  std::string body;
  /// The URL that was fetched, without its fragment.
  std::string effective_url;
  /// When the fetch began, and how long it took.
  std::chrono::system_clock::time_point start_time{};
  std::chrono::steady_clock::duration request_time{};
};

/// Says that the server responded, but not with success: `HTTP 404 Not Found from
/// http://host/path` (`tornado.httpclient.HTTPClientError`).
class HTTPClientError : public std::runtime_error {
 public:
  explicit HTTPClientError(HTTPResponse response);

  /// Returns the status code.
  [[nodiscard]] int code() const noexcept { return response_->code; }
  /// Returns the whole response; it lives as long as the exception or a copy of it.
  [[nodiscard]] const HTTPResponse& response() const noexcept { return *response_; }

 private:
  std::shared_ptr<const HTTPResponse> response_;  // copying an exception must not throw
};

/// Says which timeout of a request expired, and for which host
/// (`tornado.simple_httpclient.HTTPTimeoutError`).
class HTTPTimeoutError : public TimeoutError {
 public:
  using TimeoutError::TimeoutError;
};

/// Fetches URLs one after the other and blocks meanwhile (`tornado.httpclient.HTTPClient`). Each
/// fetch opens a connection of its own, and closes it however the fetch ends.
///
/// Redirects are returned like any other response. To fetch several pages at a time you need
/// several threads.
class HTTPClient {
 public:
  /// Sends the request and returns the response.
  ///
  /// Throws `HTTPClientError` for a code outside 200 to 299 if `raise_error`,
  /// `HTTPTimeoutError`, `std::system_error` with host and port in its message (only the host if it
  /// has no address) when there is no connection or no proper response, and
  /// `std::invalid_argument` for a request that cannot be sent. Chunked responses are refused
  /// (chapter 5 reads them), and so is `https`, which needs TLS.
  HTTPResponse fetch(const HTTPRequest& request, bool raise_error = true);
  /// The same for a GET.
  HTTPResponse fetch(const std::string& url, bool raise_error = true);
};

}  // namespace funnel
