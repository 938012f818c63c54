#pragma once

#include <funnel/http_error.h>
#include <funnel/result.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

/// @file
/// URLs, headers, start lines and dates (Tornado's `tornado.httputil`): everything about
/// HTTP/1.1 that needs no connection. Pure functions and values, any thread.

namespace funnel {

/// Names the reason why a text is not a URL that can be fetched.
enum class URLError {
  /// There is no `scheme://`.
  missing_scheme = 1,
  /// The scheme is neither `http` nor `https`.
  unsupported_scheme,
  /// Nothing stands where the host should be.
  empty_host,
  /// The host, or the user information before it, has a byte that may not stand there, or
  /// brackets hold no IPv6 address.
  bad_host,
  /// The port is not a number from 1 to 65535.
  bad_port,
  /// There is a space, a control character or a byte outside ASCII: it must be
  /// percent-encoded.
  bad_character,
};

/// Returns the category named `funnel.url`; its messages are full sentences.
const std::error_category& url_error_category() noexcept;

/// Wraps a `URLError`; found by argument-dependent look-up.
std::error_code make_error_code(URLError error) noexcept;

}  // namespace funnel

template <>
struct std::is_error_code_enum<funnel::URLError> : std::true_type {};

namespace funnel {

/// Holds an absolute `http` or `https` URL, taken apart (RFC 3986). Always valid.
class URL {
 public:
  /// Parses an absolute URL. The fragment is dropped: it is never sent.
  static Result<URL> parse(std::string_view text);

  /// Resolves a redirect's `Location`, absolute or relative, against this URL
  /// (RFC 3986 section 5.2). User information is not inherited by another authority.
  [[nodiscard]] Result<URL> resolve(std::string_view reference) const;

  /// Returns `http` or `https`.
  [[nodiscard]] const std::string& scheme() const noexcept { return scheme_; }

  /// Returns the host in lower case; an IPv6 address without its brackets.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }

  /// Returns the port; 80 or 443 when the URL names none.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Returns path and query as a request line has them; at least `/`.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }

  /// Returns what stands before `@` in the authority, still percent-encoded; mostly empty.
  [[nodiscard]] const std::string& userinfo() const noexcept { return userinfo_; }

  /// Returns the value of the `Host` header: the host, and the port if it is not the
  /// scheme's default.
  [[nodiscard]] std::string host_header() const;

  /// Returns the whole URL with everything but the fragment.
  [[nodiscard]] std::string to_string() const;

  /// Tells whether scheme, host and port are the same, so that credentials for one may be
  /// sent to the other.
  [[nodiscard]] bool same_origin(const URL& other) const noexcept;

 private:
  URL() = default;
  std::error_code parse_authority(std::string_view authority);
  std::error_code parse_port(std::string_view digits);
  void normalize_path();

  std::string scheme_;
  std::string userinfo_;
  std::string host_;
  std::uint16_t port_ = 0;
  std::string target_;
};

/// Holds header fields in the order in which they were added. Names are compared without
/// regard to case and stored in `Http-Header-Case`. A name may occur several times.
///
/// Adding takes constant time; looking up takes time linear in the number of fields.
class HTTPHeaders {
 public:
  /// A name and a value.
  using Field = std::pair<std::string, std::string>;

  HTTPHeaders() = default;

  /// Parses header lines, each ended by CRLF, without the empty line that ends a head.
  ///
  /// The same rules as for any message: no folding, no blank before the colon. The caller
  /// bounds the size.
  static Result<HTTPHeaders> parse(std::string_view lines);

  /// Adds a field behind those that are there. Throws `std::invalid_argument` when the name
  /// is not a token or the value has a byte that could end the line.
  void add(std::string_view name, std::string_view value);

  /// Replaces all values of a name by one, in the place of the first. Throws as `add`.
  void set(std::string_view name, std::string_view value);

  /// Removes every field of that name; false when there was none.
  bool remove(std::string_view name);

  /// Removes all fields.
  void clear() noexcept { fields_.clear(); }

  /// Returns the values of a name joined by `,` (RFC 9110 section 5.2).
  [[nodiscard]] std::optional<std::string> get(std::string_view name) const;

  /// Returns the values of a name one by one; the only way for `Set-Cookie`, whose values
  /// have commas of their own.
  [[nodiscard]] std::vector<std::string> get_list(std::string_view name) const;

  [[nodiscard]] bool contains(std::string_view name) const noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }
  [[nodiscard]] auto begin() const noexcept { return fields_.begin(); }
  [[nodiscard]] auto end() const noexcept { return fields_.end(); }

  /// Returns the lines as they are sent: `Name: value` CRLF each.
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const HTTPHeaders&, const HTTPHeaders&) = default;

 private:
  std::vector<Field> fields_;
};

/// Holds the first line of a request.
struct RequestStartLine {
  RequestStartLine(std::string method_, std::string target_, std::string version_)
      : method(std::move(method_)), target(std::move(target_)), version(std::move(version_)) {}

  std::string method;
  std::string target;
  std::string version;  ///< `HTTP/1.0` or `HTTP/1.1`
};

/// Holds the first line of a response.
struct ResponseStartLine {
  ResponseStartLine(std::string version_, int code_, std::string reason_)
      : version(std::move(version_)), code(code_), reason(std::move(reason_)) {}

  std::string version;  ///< `HTTP/1.0` or `HTTP/1.1`
  int code;             ///< 100 to 999
  std::string reason;   ///< may be empty
};

/// Holds everything of a response that comes before its body.
struct ResponseHead {
  ResponseHead(ResponseStartLine start_line_, HTTPHeaders headers_)
      : start_line(std::move(start_line_)), headers(std::move(headers_)) {}

  ResponseStartLine start_line;
  HTTPHeaders headers;
};

/// Parses a request line without its line end (RFC 9112 section 3). A minor version above 1
/// is read as `HTTP/1.1`.
Result<RequestStartLine> parse_request_start_line(std::string_view line);

/// Parses a status line without its line end (RFC 9112 section 4).
Result<ResponseStartLine> parse_response_start_line(std::string_view line);

/// Parses the head of a response: status line, header lines and the empty line, nothing
/// behind it.
Result<ResponseHead> parse_response_head(std::string_view head);

/// Returns the standard reason phrase of a status code, or `Unknown`.
std::string_view reason_phrase(int code) noexcept;

/// Formats a date for a header: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
std::string format_timestamp(std::chrono::system_clock::time_point time);

/// Parses a date in any of the three forms of RFC 9110 section 5.6.7.
///
/// `now` decides the century of the form with two digits for the year. Empty when the text
/// is none of them or no such day exists; whether the weekday is the right one is not checked.
std::optional<std::chrono::system_clock::time_point> parse_http_date(
    std::string_view text,
    std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

/// Tells whether the text is a token (RFC 9110 section 5.6.2), as methods and names must be.
bool is_token(std::string_view text) noexcept;

/// Tells whether every byte may stand in a header value: tab, 0x20-0x7E, 0x80-0xFF.
bool is_valid_header_value(std::string_view value) noexcept;

/// Tells whether a reason phrase may be sent: not empty, bytes as in a header value, and no
/// `<`, since error pages show it.
bool is_valid_reason_phrase(std::string_view reason) noexcept;

/// Parses a number of decimal digits and nothing else: no sign, no blank. Empty when there is
/// another byte, no digit, or more than 64 bits.
std::optional<std::uint64_t> parse_int(std::string_view digits) noexcept;

/// Parses a number of hexadecimal digits and nothing else, as `parse_int` does.
std::optional<std::uint64_t> parse_hex_int(std::string_view digits) noexcept;

/// Splits `host:port` as it stands in a `Host` header; brackets of an IPv6 address stay.
///
/// Without a valid port, or with colons that are not a port's, the whole text is the host.
std::pair<std::string, std::optional<std::uint16_t>> split_host_and_port(std::string_view netloc);

}  // namespace funnel
