#include <funnel/httputil.h>

#include <algorithm>
#include <string>

#include "http_text.h"

// The head of a response:
//
//     HTTP/1.1 200 OK CRLF            status line
//     Content-Type: text/plain CRLF   header lines, none or many
//     Content-Length: 5 CRLF
//     CRLF                            the empty line; the body begins after it
//
// Strict on purpose. HTTP once advised readers to be lenient. But proxies and caches stand between
// a client and a server, and where two of them read the same bytes differently, an attacker can
// show a header to one of them and hide it from the other. So bytes that could be read in two ways
// are refused.

namespace funnel {
namespace {

/// Parses `Name: value`, without its line end.
Result<HTTPHeaders::Field> parse_header_line(std::string_view line) {
  // The name goes up to the first byte that cannot belong to it, and that byte must be the colon. A
  // space before the colon matters: "Content-Length : 5" is a length to a reader that trims it and
  // an unknown header to one that does not (RFC 9112 section 5.1).
  std::size_t name_size = 0;
  while (name_size < line.size() && detail::is_token_char(line[name_size])) ++name_size;
  if (name_size == line.size()) return ParseError::bad_header_line;
  if (name_size == 0 || line[name_size] != ':') return ParseError::bad_header_name;

  const std::string_view value = detail::trim_blanks(line.substr(name_size + 1));
  if (!is_valid_header_value(value)) {
    // Some readers take a lone CR for a line end, so it is reported as a bad line end.
    const bool has_cr = value.find('\r') != std::string_view::npos;
    return has_cr ? ParseError::bad_line_end : ParseError::bad_header_value;
  }
  return HTTPHeaders::Field(line.substr(0, name_size), value);
}

/// Joins folded lines. A server may continue a value on the next line, which then begins with a
/// space or a tab. Nobody should do that any more, but some servers do, and a client may replace
/// each fold by a space before it reads the value (RFC 9112 section 5.2).
std::string unfolded(std::string_view lines) {
  constexpr std::string_view blanks = " \t";
  std::string out;
  for (;;) {
    const std::size_t fold = std::min(lines.find("\r\n "), lines.find("\r\n\t"));
    if (fold == std::string_view::npos) return out.append(lines);
    out.append(lines.substr(0, fold)).append(" ");
    lines.remove_prefix(fold + 2);
    lines.remove_prefix(std::min(lines.find_first_not_of(blanks), lines.size()));
  }
}

}  // namespace

Result<ResponseStartLine> parse_response_start_line(std::string_view line) {
  // HTTP/1.1 SP 200 SP reason: version and code have a fixed size, so each part has its place. The
  // second space is there even if the reason is empty (RFC 9112 section 4).
  if (line.size() < 13 || line[8] != ' ' || line[12] != ' ') return ParseError::bad_status_line;
  const Result<std::string> version = detail::parse_http_version(line.substr(0, 8));
  if (version.error() == ParseError::bad_version) return ParseError::bad_status_line;
  if (!version) return version.error();

  // `parse_int` takes digits only: "+20" is not a code. Codes start at 100.
  const std::optional<std::uint64_t> code = parse_int(line.substr(9, 3));
  const std::string_view reason = line.substr(13);
  if (!code || *code < 100 || !is_valid_header_value(reason)) return ParseError::bad_status_line;
  return ResponseStartLine(*version, static_cast<int>(*code), std::string(reason));
}

Result<HTTPHeaders> HTTPHeaders::parse(std::string_view lines) {
  HTTPHeaders headers;
  while (!lines.empty()) {
    // RFC 9112 section 2.2 lets a reader take a lone LF for a line end. A proxy that does not would
    // see one header where we see two.
    const std::size_t line_feed = lines.find('\n');
    if (line_feed == std::string_view::npos || line_feed == 0 || lines[line_feed - 1] != '\r') {
      return ParseError::bad_line_end;
    }
    // Readers that join this line to the one before it and readers that do not see different
    // headers (RFC 9112 section 5.2).
    if (lines.starts_with(' ') || lines.starts_with('\t')) return ParseError::obsolete_folding;
    const Result<Field> field = parse_header_line(lines.substr(0, line_feed - 1));
    if (!field) return field.error();
    headers.add(field->first, field->second);
    lines.remove_prefix(line_feed + 1);
  }
  return headers;
}

Result<ResponseHead> parse_response_head(std::string_view head) {
  const std::size_t line_end = head.find("\r\n");
  if (line_end == std::string_view::npos) return ParseError::bad_line_end;
  Result<ResponseStartLine> start_line = parse_response_start_line(head.substr(0, line_end));
  if (!start_line) return start_line.error();

  // Without the empty line there may be more to come: half a head is not a head.
  std::string_view lines = head.substr(line_end + 2);
  if (!lines.ends_with("\r\n")) return ParseError::bad_line_end;
  lines.remove_suffix(2);
  Result<HTTPHeaders> headers = HTTPHeaders::parse(unfolded(lines));
  if (!headers) return headers.error();
  return ResponseHead(std::move(start_line).value(), std::move(headers).value());
}

}  // namespace funnel
