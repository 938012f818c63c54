#include <funnel/httputil.h>

#include <algorithm>
#include <limits>

#include "http_text.h"

// What requests and responses share: versions, tokens, values, numbers; and the first line of a
// request. The first line of a response is in response_head.cpp.

namespace funnel {

Result<std::string> detail::parse_http_version(std::string_view text) {
  const bool well_formed = text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) &&
                           text[6] == '.' && is_digit(text[7]);
  if (!well_formed) return ParseError::bad_version;
  if (text[5] != '1') return ParseError::unsupported_version;
  // RFC 9110 section 2.5: 1.2 would only add to 1.1, so it is read as the highest version we know.
  return std::string(text[7] == '0' ? "HTTP/1.0" : "HTTP/1.1");
}

Result<RequestStartLine> parse_request_start_line(std::string_view line) {
  // Exactly one space between the parts: a proxy that splits the line elsewhere would see another
  // target, and let through a request that it should have stopped.
  const std::size_t method_end = std::min(line.find(' '), line.size());
  const std::string_view method = line.substr(0, method_end);
  if (method_end == line.size() && detail::all_of(method, detail::is_token_char)) {
    return ParseError::bad_request_line;  // a single word, or nothing
  }
  if (!is_token(method)) return ParseError::bad_method;

  const std::string_view rest = line.substr(method_end + 1);
  const std::size_t target_end = rest.find(' ');
  // Without a second space this is HTTP/0.9, which had neither versions nor headers.
  if (target_end == std::string_view::npos || target_end == 0) return ParseError::bad_request_line;
  const std::string_view target = rest.substr(0, target_end);
  const std::string_view version_text = rest.substr(target_end + 1);
  if (version_text.find(' ') != std::string_view::npos) return ParseError::bad_request_line;

  const Result<std::string> version = detail::parse_http_version(version_text);
  if (!version) return version.error();
  const auto is_target_char = [](char byte) { return byte > 0x20 && byte < 0x7F && byte != '#'; };
  if (!detail::all_of(target, is_target_char)) return ParseError::bad_target;
  return RequestStartLine(std::string(method), std::string(target), *version);
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && detail::all_of(text, detail::is_token_char);
}

bool is_valid_header_value(std::string_view value) noexcept {
  // Bytes from 0x80 on are allowed, whatever they mean; as signed chars they are negative.
  const auto is_value_char = [](char byte) {
    const auto value_of = static_cast<unsigned char>(byte);
    return value_of == '\t' || (value_of >= 0x20 && value_of != 0x7F);
  };
  return detail::all_of(value, is_value_char);
}

std::optional<std::uint64_t> parse_int(std::string_view digits) noexcept {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  if (digits.empty()) return std::nullopt;
  std::uint64_t number = 0;
  for (const char byte : digits) {
    // `std::stoi` and the like skip spaces, accept a sign, and stop at the first byte that is not a
    // digit: "12abc" would be 12 to us and an error to another reader.
    if (!detail::is_digit(byte)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(byte - '0');
    if (number > (most - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

}  // namespace funnel
