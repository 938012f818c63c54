#pragma once

#include <funnel/http_error.h>
#include <funnel/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// URLs, headers and first lines of HTTP/1.1 messages (`tornado.httputil`). Nothing here reads from
/// a connection: bytes go in, a value or an error comes out. So all of it can be tested without a
/// network, and every later fetch uses it unchanged.

namespace funnel {

/// Names the reason why a text is not a URL that can be fetched.
enum class URLError {
  /// There is no `scheme://`.
  missing_scheme = 1,
  /// The scheme is neither `http` nor `https`.
  unsupported_scheme,
  /// Nothing stands where the host should be.
  empty_host,
  /// The host, or the user information before it, has a byte that is not allowed there, or the
  /// brackets do not hold an IPv6 address.
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

/// Holds an absolute `http` or `https` URL, taken apart (RFC 3986).
///
///     http://me:secret@example.com:8080/path?query#fragment
///            userinfo  host        port target
///
/// Only `parse` makes one, so every `URL` has been checked.
class URL {
 public:
  /// Parses an absolute URL. The fragment is dropped: it is for the browser, and never sent.
  static Result<URL> parse(std::string_view text);

  /// Returns `http` or `https`.
  [[nodiscard]] const std::string& scheme() const noexcept { return scheme_; }

  /// Returns the host in lower case; an IPv6 address without its brackets.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }

  /// Returns the port; 80 or 443 when the URL names none.
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Returns path and query as a request line has them; at least `/`.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }

  /// Returns what stands before `@`, still percent-encoded; mostly empty, as in `http://@h/`.
  [[nodiscard]] const std::string& userinfo() const noexcept { return userinfo_; }

  /// Returns the value of the `Host` header: the host, and the port if it is not the
  /// scheme's default. An IPv6 address has its brackets here.
  [[nodiscard]] std::string host_header() const;

  /// Returns the whole URL with everything but the fragment.
  [[nodiscard]] std::string to_string() const;

 private:
  URL() = default;
  // Each sets the member it is named after, and returns the error, or an empty code.
  std::error_code parse_authority(std::string_view authority);
  std::error_code parse_port(std::string_view digits);

  std::string scheme_;
  std::string userinfo_;
  std::string host_;
  std::uint16_t port_ = 0;
  std::string target_;
};

/// Holds header fields in the order in which they were added. Names are compared ignoring case and
/// stored in `Http-Header-Case`. A name may occur several times.
class HTTPHeaders {
 public:
  /// A name and a value.
  using Field = std::pair<std::string, std::string>;

  HTTPHeaders() = default;

  /// Parses header lines, each ended by CRLF, without the empty line that ends a head. A folded
  /// line is refused. The caller bounds the size.
  static Result<HTTPHeaders> parse(std::string_view lines);

  /// Adds a field after the others. Throws `std::invalid_argument` if the name is not a token or
  /// the value has a byte that could end the line.
  void add(std::string_view name, std::string_view value);

  /// Replaces all values of a name by one, in the place of the first. Throws as `add` does.
  void set(std::string_view name, std::string_view value);

  /// Removes every field of that name; returns false if there was none.
  bool remove(std::string_view name);

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

  /// Returns the lines as they are sent: `Name: value` and CRLF, for each field.
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

/// Parses a status line without its line end (RFC 9112 section 4), as `HTTP/1.1 200 OK`. A minor
/// version above 1 is read as `HTTP/1.1`.
Result<ResponseStartLine> parse_response_start_line(std::string_view line);

/// Parses the head of a response: status line, header lines and the empty line, and nothing after
/// it. A folded header line is joined to the line before it (RFC 9112 section 5.2). A head that is
/// cut off is `ParseError::bad_line_end`, or the error of the header lines that are there.
Result<ResponseHead> parse_response_head(std::string_view head);

/// Tells whether the text is a token (RFC 9110 section 5.6.2), as methods and names must be.
bool is_token(std::string_view text) noexcept;

/// Tells whether every byte is allowed in a header value: tab, 0x20-0x7E, 0x80-0xFF.
bool is_valid_header_value(std::string_view value) noexcept;

/// Parses a number of decimal digits and nothing else: no sign, no space. Empty if there is another
/// byte, no digit, or a number of more than 64 bits.
std::optional<std::uint64_t> parse_int(std::string_view digits) noexcept;

}  // namespace funnel
