#include <funnel/httputil.h>

#include "http_text.h"

// The head of a response:
//
//     HTTP/1.1 200 OK CRLF            status line
//     Content-Type: text/plain CRLF   header lines, none or many
//     Content-Length: 5 CRLF
//     CRLF                            the empty line, behind which the body begins
//
// Strict on purpose. HTTP once advised to be lenient with what one receives. But between a client
// and a server stand proxies and caches, and where two of them read the same bytes differently,
// somebody can hide a header from the one and show it to the other. What could be read in two
// ways is refused.

namespace funnel {
namespace {

/// Parses `Name: value`, without its line end.
Result<HTTPHeaders::Field> parse_header_line(std::string_view line) {
  // #region task 1.6
  // Such a line once continued the value of the line before it (RFC 9112 section 5.2). Readers
  // that know the old rule and readers that do not see different headers.
  if (line.starts_with(' ') || line.starts_with('\t')) return ParseError::obsolete_folding;

  // The name goes up to the first byte that cannot belong to it, and that must be the colon. A
  // blank before the colon is no decoration: "Content-Length : 5" is a length for a reader who
  // trims and an unknown header for one who does not (RFC 9112 section 5.1).
  std::size_t name_size = 0;
  while (name_size < line.size() && detail::is_token_char(line[name_size])) ++name_size;
  if (name_size == line.size()) return ParseError::bad_header_line;
  if (name_size == 0 || line[name_size] != ':') return ParseError::bad_header_name;

  const std::string_view value = detail::trim_blanks(line.substr(name_size + 1));
  if (!is_valid_header_value(value)) {
    // A CR without its LF ends a line for some readers, so it gets the name of that defect.
    const bool has_cr = value.find('\r') != std::string_view::npos;
    return has_cr ? ParseError::bad_line_end : ParseError::bad_header_value;
  }
  return HTTPHeaders::Field(line.substr(0, name_size), value);
  // #endregion task 1.6
}

}  // namespace

// #region status line
Result<ResponseStartLine> parse_response_start_line(std::string_view line) {
  // #region task 1.6
  // HTTP/1.1 SP 200 SP reason: version and code have a fixed size, so each part has its place.
  // The second space is there even if the reason is not (RFC 9112 section 4).
  if (line.size() < 13 || line[8] != ' ' || line[12] != ' ') return ParseError::bad_status_line;
  const Result<std::string> version = detail::parse_http_version(line.substr(0, 8));
  if (version.error() == ParseError::bad_version) return ParseError::bad_status_line;
  if (!version) return version.error();

  // `parse_int` takes digits only: "+20" is no code. Below 100 there is none either.
  const std::optional<std::uint64_t> code = parse_int(line.substr(9, 3));
  const std::string_view reason = line.substr(13);
  if (!code || *code < 100 || !is_valid_header_value(reason)) return ParseError::bad_status_line;
  return ResponseStartLine(*version, static_cast<int>(*code), std::string(reason));
  // #endregion task 1.6
}
// #endregion status line

Result<HTTPHeaders> HTTPHeaders::parse(std::string_view lines) {
  // #region task 1.6
  HTTPHeaders headers;
  while (!lines.empty()) {
    // RFC 9112 section 2.2 lets a reader take a LF alone for a line end. A proxy that does not
    // would see one header where we see two.
    const std::size_t line_feed = lines.find('\n');
    if (line_feed == std::string_view::npos || line_feed == 0 || lines[line_feed - 1] != '\r') {
      return ParseError::bad_line_end;
    }
    const Result<Field> field = parse_header_line(lines.substr(0, line_feed - 1));
    if (!field) return field.error();
    headers.add(field->first, field->second);
    lines.remove_prefix(line_feed + 1);
  }
  return headers;
  // #endregion task 1.6
}

Result<ResponseHead> parse_response_head(std::string_view head) {
  // #region task 1.6
  const std::size_t line_end = head.find("\r\n");
  if (line_end == std::string_view::npos) return ParseError::bad_line_end;
  Result<ResponseStartLine> start_line = parse_response_start_line(head.substr(0, line_end));
  if (!start_line) return start_line.error();

  // Without the empty line there may be more to come: half a head is no head.
  std::string_view lines = head.substr(line_end + 2);
  if (!lines.ends_with("\r\n")) return ParseError::bad_line_end;
  lines.remove_suffix(2);
  Result<HTTPHeaders> headers = HTTPHeaders::parse(lines);
  if (!headers) return headers.error();
  return ResponseHead(std::move(start_line).value(), std::move(headers).value());
  // #endregion task 1.6
}

}  // namespace funnel
