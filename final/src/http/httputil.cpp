#include <funnel/httputil.h>

#include <limits>

#include "http/parse_chars.h"
#include "http/parse_start_line.h"
#include "http/parse_target.h"

namespace funnel {
namespace {

const char* version_text(int minor_version) noexcept {
  return minor_version == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

template <std::uint64_t base>
std::optional<std::uint64_t> parse_digits(std::string_view digits) noexcept {
  if (digits.empty()) return std::nullopt;
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t number = 0;
  for (const char byte : digits) {
    const int value = http::hex_value(byte);
    if (value < 0 || value >= static_cast<int>(base)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(value);
    if (number > most / base || number * base > most - digit) return std::nullopt;
    number = number * base + digit;
  }
  return number;
}

}  // namespace

Result<RequestStartLine> parse_request_start_line(std::string_view line) {
  http::RequestLineParts parts;
  const ParseError error = http::parse_request_line(line, parts);
  if (error != http::no_error) return error;
  return RequestStartLine(std::string(parts.method(line)), std::string(parts.target(line)),
                          version_text(parts.minor_version));
}

Result<ResponseStartLine> parse_response_start_line(std::string_view line) {
  http::StatusLineParts parts;
  const ParseError error = http::parse_status_line(line, parts);
  if (error != http::no_error) return error;
  return ResponseStartLine(version_text(parts.minor_version), parts.code,
                           std::string(parts.reason(line)));
}

Result<ResponseHead> parse_response_head(std::string_view head) {
  const std::size_t line_end = head.find("\r\n");
  if (line_end == std::string_view::npos) return ParseError::bad_line_end;
  Result<ResponseStartLine> start_line = parse_response_start_line(head.substr(0, line_end));
  if (!start_line) return start_line.error();

  std::string_view lines = head.substr(line_end + 2);
  if (!lines.ends_with("\r\n")) return ParseError::bad_line_end;
  lines.remove_suffix(2);
  Result<HTTPHeaders> headers = HTTPHeaders::parse(lines);
  if (!headers) return headers.error();
  return ResponseHead(std::move(start_line).value(), std::move(headers).value());
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && http::all_chars(text, http::token_char);
}

bool is_valid_header_value(std::string_view value) noexcept { return http::is_field_value(value); }

bool is_valid_reason_phrase(std::string_view reason) noexcept {
  return !reason.empty() && http::is_field_value(reason) &&
         reason.find('<') == std::string_view::npos;
}

std::optional<std::uint64_t> parse_int(std::string_view digits) noexcept {
  return parse_digits<10>(digits);
}

std::optional<std::uint64_t> parse_hex_int(std::string_view digits) noexcept {
  return parse_digits<16>(digits);
}

std::pair<std::string, std::optional<std::uint16_t>> split_host_and_port(std::string_view netloc) {
  http::HostPort parts;
  if (http::split_host_port(netloc, parts) && !parts.host.empty()) {
    const std::optional<std::uint64_t> port = parse_int(parts.port);
    if (port && *port <= std::numeric_limits<std::uint16_t>::max()) {
      return {std::string(parts.host), static_cast<std::uint16_t>(*port)};
    }
  }
  return {std::string(netloc), std::nullopt};
}

}  // namespace funnel
