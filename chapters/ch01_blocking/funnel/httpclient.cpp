#include <funnel/httpclient.h>
#include <funnel/socket.h>

#include <algorithm>
#include <limits>
#include <system_error>

#include <fmt/format.h>

#include "addresses.h"
#include "client_request.h"
#include "client_response.h"

namespace funnel {
namespace {

using Duration = HTTPRequest::Duration;
using TimePoint = Socket::TimePoint;

/// Returns the moment `timeout` after `now`. A timeout of 0 means no limit, and so does one that
/// ends beyond the clock's range.
std::optional<TimePoint> deadline_of(TimePoint now, Duration timeout) {
  if (timeout == Duration::zero() || timeout > TimePoint::max() - now) return std::nullopt;
  return now + timeout;
}

std::optional<TimePoint> earlier_of(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  return a && b ? std::min(a, b) : std::max(a, b);  // an empty one is less than any other
}

[[noreturn]] void refuse(ParseError error) { throw std::system_error(make_error_code(error)); }

/// Reads a body of `size` bytes, or, if `size` is empty, until the server closes the connection. A
/// body above `max_size` is refused with `ParseError::body_too_large`.
std::string read_body(Socket& socket, std::optional<std::uint64_t> size, std::uint64_t max_size) {
  // #region task 1.6
  constexpr std::uint64_t addressable = std::numeric_limits<std::size_t>::max();
  const auto limit = static_cast<std::size_t>(std::min(max_size, addressable));
  // Check the announced length before reading: it is only a number that the server wrote down, and
  // reading it all first would need the memory that the limit is there to save.
  if (size && *size > limit) refuse(ParseError::body_too_large);
  if (size) return socket.read_bytes(static_cast<std::size_t>(*size));
  try {
    return socket.read_until_close(limit);
  } catch (const StreamBufferFullError&) {
    refuse(ParseError::body_too_large);
  }
  // #endregion task 1.6
}

/// Sends the request on a new connection and reads the response into `response`. If sending fails
/// with a `StreamClosedError`, a response may still have arrived: it counts if its head says how
/// long the body is. If one arrived that does not say, the error of the sending is thrown again.
void exchange(Socket& socket, const HTTPRequest& request, const URL& url, HTTPResponse& response) {
  // #region task 1.6
  std::error_code unsent;
  try {
    socket.write_all(detail::request_text(request, url));
  } catch (const StreamClosedError& error) {
    // A server may respond before it has read a large body, with "413 Content Too Large", and close
    // (RFC 9112 section 9.5). That response tells more than "broken pipe", so it is read.
    unsent = error.code();
  }
  const ResponseHead head = detail::read_head(socket);
  response.code = head.start_line.code;
  response.reason = head.start_line.reason;
  response.headers = head.headers;
  const std::optional<std::uint64_t> size = detail::body_size(head, request.method).value();
  // Where only the end of the connection ends the body, a broken one proves nothing.
  if (unsent && !size) throw StreamClosedError(unsent);
  response.body = read_body(socket, size, request.max_body_size);
  // #endregion task 1.6
}

/// Does the same; errors name the server. Given.
void exchange_with(const std::string& peer, Socket& socket, const HTTPRequest& request,
                   const URL& url, HTTPResponse& response) {
  try {
    exchange(socket, request, url, response);
  } catch (const TimeoutError&) {
    throw;
  } catch (const StreamClosedError& error) {
    // An orderly end is an error too: something was still to come.
    const std::error_code ended = make_error_code(ParseError::truncated_message);
    throw std::system_error(error.code() ? error.code() : ended,
                            fmt::format("the response of {} was cut off", peer));
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), fmt::format("the response of {} was refused", peer));
  }
}

}  // namespace

HTTPResponse HTTPClient::fetch(const HTTPRequest& request, bool raise_error) {
  const URL url = detail::check_request(request);
  const std::string peer = detail::host_and_port(url.host(), url.port());
  HTTPResponse response;
  response.effective_url = url.to_string();
  response.start_time = std::chrono::system_clock::now();
  const TimePoint begin = std::chrono::steady_clock::now();
  const char* phase = "while connecting";  // then "during request"; a timeout is reported with it
  try {
    // #region task 1.6
    // One deadline for everything, not a timeout for each wait: a server that sends a byte every
    // ten seconds never lets twenty seconds pass without one.
    const auto request_deadline = deadline_of(begin, request.request_timeout);
    const auto connect_deadline = deadline_of(begin, request.connect_timeout);
    Socket socket =
        connect_tcp(url.host(), url.port(), earlier_of(connect_deadline, request_deadline));
    socket.set_deadline(request_deadline);
    phase = "during request";
    exchange_with(peer, socket, request, url, response);
    // #endregion task 1.6
  } catch (const TimeoutError&) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    throw HTTPTimeoutError(
        fmt::format("Timeout {}: {}, after {:.3g} s", phase, peer, seconds.count()));
  }
  response.request_time = std::chrono::steady_clock::now() - begin;
  if (raise_error) response.rethrow();
  return response;
}

HTTPResponse HTTPClient::fetch(const std::string& url, bool raise_error) {
  return fetch(HTTPRequest(url), raise_error);
}

void HTTPResponse::rethrow() const {
  if (code < 200 || code > 299) throw HTTPClientError(*this);
}

HTTPClientError::HTTPClientError(HTTPResponse response)
    : std::runtime_error(fmt::format("HTTP {} {} from {}", response.code, response.reason,
                                     response.effective_url)),
      response_(std::make_shared<const HTTPResponse>(std::move(response))) {}

}  // namespace funnel
