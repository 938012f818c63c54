#include "http/parse_start_line.h"

#include "http/parse_chars.h"

namespace funnel::http {
namespace {

constexpr std::size_t version_size = 8;  // HTTP/1.1

ParseError parse_version(std::string_view version, int& minor) {
  if (version.size() != version_size || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7])) {
    return ParseError::bad_version;
  }
  if (version[5] != '1') return ParseError::unsupported_version;
  // RFC 9110 section 2.5: a higher minor version is processed as the highest one we know.
  minor = version[7] == '0' ? 0 : 1;
  return no_error;
}

}  // namespace

ParseError parse_request_line(std::string_view line, RequestLineParts& parts) {
  parts.method_size = find_char_not(line, token_char);
  if (parts.method_size == line.size()) return ParseError::bad_request_line;
  if (parts.method_size == 0 || line[parts.method_size] != ' ') return ParseError::bad_method;

  const std::string_view rest = line.substr(parts.method_size + 1);
  parts.target_size = find_char_not(rest, target_char);
  const std::size_t space = rest.find(' ', parts.target_size);
  // No second space is HTTP/0.9; a third one is a blank in the target or at the end.
  if (space == std::string_view::npos || space == 0) return ParseError::bad_request_line;
  const std::string_view version = rest.substr(space + 1);
  if (version.find(' ') != std::string_view::npos) return ParseError::bad_request_line;

  // The version first: what a target may be is the business of that version.
  if (const ParseError error = parse_version(version, parts.minor_version); error != no_error)
    return error;
  if (space != parts.target_size) return ParseError::bad_target;
  return no_error;
}

ParseError parse_status_line(std::string_view line, StatusLineParts& parts) {
  // RFC 9112 section 4: the space behind the code is there even without a reason.
  if (line.size() < version_size + 5 || line[8] != ' ' || line[12] != ' ') {
    return ParseError::bad_status_line;
  }
  const ParseError error = parse_version(line.substr(0, version_size), parts.minor_version);
  if (error == ParseError::bad_version) return ParseError::bad_status_line;
  if (error != no_error) return error;
  parts.code = 0;
  for (const char digit : line.substr(9, 3)) {
    if (!is_digit(digit)) return ParseError::bad_status_line;
    parts.code = parts.code * 10 + (digit - '0');
  }
  if (parts.code < 100 || !is_field_value(parts.reason(line))) return ParseError::bad_status_line;
  return no_error;
}

}  // namespace funnel::http
