#include <funnel/httpclient.h>
#include <funnel/socket.h>

#include <algorithm>
#include <limits>
#include <system_error>

#include <fmt/format.h>

#include "addresses.h"
#include "client_request.h"
#include "http_text.h"

namespace funnel {
namespace {

using Duration = HTTPRequest::Duration;
using TimePoint = Socket::TimePoint;

constexpr std::size_t max_head_bytes = std::size_t{64} * 1024;
constexpr int max_interim_responses = 20;

/// Returns the end of a time-out that begins now, of which 0 means none; nor has one an end that
/// lies beyond the clock's.
std::optional<TimePoint> deadline_of(TimePoint now, Duration timeout) {
  if (timeout == Duration::zero() || timeout > TimePoint::max() - now) return std::nullopt;
  return now + timeout;
}

std::optional<TimePoint> earlier_of(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  return a && b ? std::min(a, b) : std::max(a, b);  // an empty one is less than any other
}

[[noreturn]] void refuse(ParseError error) { throw std::system_error(make_error_code(error)); }

/// Returns the bytes of a request: its first line, the header lines that are added, the caller's,
/// an empty line, the body.
std::string request_text(const HTTPRequest& request, const URL& url) {
  // #region task 1.7
  // What the caller has said is not said again. Everything goes through `HTTPHeaders`, which
  // refuses whatever could end a line.
  HTTPHeaders added;
  const auto add_missing = [&](std::string_view name, std::string_view value) {
    if (!request.headers.contains(name)) added.add(name, value);
  };
  add_missing("Host", url.host_header());  // one address serves many sites
  if (!request.user_agent.empty()) add_missing("User-Agent", request.user_agent);
  add_missing("Connection", "close");
  if (request.body) add_missing("Content-Length", std::to_string(request.body->size()));
  if (request.method == "POST") add_missing("Content-Type", "application/x-www-form-urlencoded");

  // Whoever says HTTP/1.1 promises to understand chunked responses (RFC 9112 section 7.1). This
  // client does not, so it says 1.0, and servers send it bodies that end where it can see it.
  std::string text = request.method + " " + url.target() + " HTTP/1.0\r\n";
  text += added.to_string() + request.headers.to_string() + "\r\n";
  return request.body ? text + *request.body : text;
  // #endregion task 1.7
}

/// Tells how many bytes of body follow this head, which answers a request with `method`: none if
/// the body goes on to the end of the connection (RFC 9112 section 6.3). That there is no body is
/// `std::optional<std::uint64_t>(0)`: from a plain 0 it is two conversions, and C++ makes one.
Result<std::optional<std::uint64_t>> body_size(const ResponseHead& head, std::string_view method) {
  // #region task 1.7
  // Two answers to where a body ends are worse than none: if a proxy takes the one and we the
  // other, the rest of this body is an answer to it that nobody has sent (response splitting).
  const bool is_coded = head.headers.contains("Transfer-Encoding");
  const std::vector<std::string> lengths = head.headers.get_list("Content-Length");
  if (is_coded && !lengths.empty()) return ParseError::length_and_transfer_encoding;
  if (lengths.size() > 1) return ParseError::duplicate_content_length;

  std::optional<std::uint64_t> length;
  if (!lengths.empty()) {
    const std::string& digits = lengths.front();
    // "-1", "+5", "5x" and "0x5" are something else to each function that converts numbers.
    if (digits.empty() || !detail::all_of(digits, detail::is_digit)) {
      return ParseError::bad_content_length;
    }
    length = parse_int(digits);
    if (!length) return ParseError::content_length_overflow;
  }

  // The answer to HEAD and 304 have the headers of a body that is not sent: whoever waits for
  // it waits for ever. 1xx and 204 must not even announce one.
  const int code = head.start_line.code;
  const bool never_has_one = code < 200 || code == 204;
  if (never_has_one && (is_coded || length.value_or(0) > 0)) return ParseError::forbidden_body;
  if (never_has_one || code == 304 || method == "HEAD") return std::optional<std::uint64_t>(0);
  if (is_coded) return ParseError::unknown_transfer_coding;
  return length;
  // #endregion task 1.7
}

/// Reads the head that answers the request. Interim responses (1xx) come before it, or do not. One
/// that announces a body is `ParseError::forbidden_body`; 101, or more of them than
/// `max_interim_responses`, is `std::errc::protocol_error`; a head that alone is above
/// `max_head_bytes` is `ParseError::headers_too_large`.
ResponseHead read_head(Socket& socket) {
  // #region task 1.7
  for (int interim = 0; interim <= max_interim_responses; ++interim) {
    std::string text;
    try {
      text = socket.read_until("\r\n\r\n", max_head_bytes);
    } catch (const StreamBufferFullError&) {
      refuse(ParseError::headers_too_large);
    }
    ResponseHead head = parse_response_head(text).value();
    if (head.start_line.code >= 200) return head;
    // 101 says that from here on another protocol is spoken. Nobody asked for one.
    if (head.start_line.code == 101) break;
    (void)body_size(head, "").value();  // throws if it announces a body
  }
  throw std::system_error(std::make_error_code(std::errc::protocol_error));
  // #endregion task 1.7
}

/// Reads a body of `size` bytes, or up to the end of the connection. One above `max_size` is
/// `ParseError::body_too_large`.
std::string read_body(Socket& socket, std::optional<std::uint64_t> size, std::uint64_t max_size) {
  // #region task 1.7
  constexpr std::uint64_t addressable = std::numeric_limits<std::size_t>::max();
  const auto limit = static_cast<std::size_t>(std::min(max_size, addressable));
  // A length that is too large is refused before any of it is read, and before there is memory
  // for it: it is only a number that somebody wrote down.
  if (size && *size > limit) refuse(ParseError::body_too_large);
  if (size) return socket.read_bytes(static_cast<std::size_t>(*size));
  try {
    return socket.read_until_close(limit);
  } catch (const StreamBufferFullError&) {
    refuse(ParseError::body_too_large);
  }
  // #endregion task 1.7
}

/// Sends the request on a new connection, and reads the answer into `response`. An answer counts
/// although sending broke (`StreamClosedError`), provided that its head says how long the body is:
/// where only the connection's end would tell, it is the error of the sending. If no head comes, or
/// less than the body, it is that of the reading.
void exchange(Socket& socket, const HTTPRequest& request, const URL& url, HTTPResponse& response) {
  // #region task 1.7
  std::error_code unsent;
  try {
    socket.write_all(request_text(request, url));
  } catch (const StreamClosedError& error) {
    // A server may answer before it has read a large body, "413 Content Too Large", and close
    // (RFC 9112 section 9.5). That answer is worth more than "broken pipe", so it is read.
    unsent = error.code();
  }
  const ResponseHead head = read_head(socket);
  response.code = head.start_line.code;
  response.reason = head.start_line.reason;
  response.headers = head.headers;
  const std::optional<std::uint64_t> size = body_size(head, request.method).value();
  // The end of a connection that broke is not the end of a body.
  if (unsent && !size) throw StreamClosedError(unsent);
  response.body = read_body(socket, size, request.max_body_size);
  // #endregion task 1.7
}

/// The same; what goes wrong is told with the name of the server.
void exchange_with(const std::string& peer, Socket& socket, const HTTPRequest& request,
                   const URL& url, HTTPResponse& response) {
  try {
    exchange(socket, request, url, response);
  } catch (const TimeoutError&) {
    throw;
  } catch (const StreamClosedError& error) {
    // An end in good order is an error too: something was still to come.
    const std::error_code ended = make_error_code(ParseError::truncated_message);
    throw std::system_error(error.code() ? error.code() : ended,
                            fmt::format("the response of {} was cut off", peer));
  } catch (const std::system_error& error) {
    throw std::system_error(error.code(), fmt::format("the response of {} was refused", peer));
  }
}

}  // namespace

// #region fetch
HTTPResponse HTTPClient::fetch(const HTTPRequest& request, bool raise_error) {
  const URL url = detail::check_request(request);
  const std::string peer = detail::host_and_port(url.host(), url.port());
  HTTPResponse response;
  response.effective_url = url.to_string();
  response.start_time = std::chrono::system_clock::now();
  const TimePoint begin = std::chrono::steady_clock::now();
  const char* phase = "while connecting";  // then "during request"; a time-out is told with it
  try {
    // #region task 1.7
    // One moment for everything, not a time-out for each wait: a server that sends a byte every
    // ten seconds would never let twenty seconds pass without one.
    const auto request_deadline = deadline_of(begin, request.request_timeout);
    const auto connect_deadline = deadline_of(begin, request.connect_timeout);
    Socket socket =
        connect_tcp(url.host(), url.port(), earlier_of(connect_deadline, request_deadline));
    socket.set_deadline(request_deadline);
    phase = "during request";
    exchange_with(peer, socket, request, url, response);
    // #endregion task 1.7
  } catch (const TimeoutError&) {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    throw HTTPTimeoutError(
        fmt::format("Timeout {}: {}, after {:.3g} s", phase, peer, seconds.count()));
  }
  response.request_time = std::chrono::steady_clock::now() - begin;
  if (raise_error) response.rethrow();
  return response;
}
// #endregion fetch

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
