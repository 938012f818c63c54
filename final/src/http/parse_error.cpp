#include <funnel/http_error.h>

#include <string>

namespace funnel {
namespace {

const char* text_of(ParseError error) noexcept {
  switch (error) {
    case ParseError::bad_request_line:
      return "The request line is malformed.";
    case ParseError::bad_method:
      return "The method is not a token.";
    case ParseError::bad_target:
      return "The request target is malformed.";
    case ParseError::bad_version:
      return "The HTTP version is malformed.";
    case ParseError::unsupported_version:
      return "The HTTP version is not 1.0 or 1.1.";
    case ParseError::connect_unsupported:
      return "CONNECT is not supported.";
    case ParseError::start_line_too_long:
      return "The first line is too long.";
    case ParseError::bad_status_line:
      return "The status line is malformed.";
    case ParseError::bad_line_end:
      return "A line does not end with CRLF.";
    case ParseError::bad_header_line:
      return "A header line has no colon.";
    case ParseError::bad_header_name:
      return "A header name is malformed.";
    case ParseError::bad_header_value:
      return "A header value has a control character.";
    case ParseError::obsolete_folding:
      return "A header line starts with a blank.";
    case ParseError::headers_too_large:
      return "The header lines are too large.";
    case ParseError::too_many_headers:
      return "There are too many header lines.";
    case ParseError::missing_host:
      return "The Host header is missing.";
    case ParseError::duplicate_host:
      return "There is more than one Host header.";
    case ParseError::bad_host:
      return "The Host header is malformed.";
    case ParseError::bad_content_length:
      return "Content-Length is not a number.";
    case ParseError::content_length_overflow:
      return "Content-Length does not fit into 64 bits.";
    case ParseError::duplicate_content_length:
      return "There is more than one Content-Length.";
    case ParseError::bad_transfer_encoding:
      return "Transfer-Encoding is malformed or does not end with chunked.";
    case ParseError::unknown_transfer_coding:
      return "Transfer-Encoding names an unknown coding.";
    case ParseError::duplicate_transfer_encoding:
      return "There is more than one Transfer-Encoding header.";
    case ParseError::transfer_encoding_in_http_1_0:
      return "An HTTP/1.0 message has Transfer-Encoding.";
    case ParseError::length_and_transfer_encoding:
      return "The message has both Transfer-Encoding and Content-Length.";
    case ParseError::unknown_expectation:
      return "Expect is not 100-continue.";
    case ParseError::forbidden_body:
      return "A response that has no body announces one.";
    case ParseError::body_too_large:
      return "The body is too large.";
    case ParseError::bad_chunk_size:
      return "A chunk size is malformed.";
    case ParseError::chunk_line_too_long:
      return "The line of a chunk size is too long.";
    case ParseError::bad_chunk_end:
      return "The data of a chunk does not end with CRLF.";
    case ParseError::truncated_message:
      return "The connection ended before the message did.";
  }
  return "An unknown HTTP error occurred.";
}

class HTTPErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "funnel.http"; }
  std::string message(int value) const override { return text_of(static_cast<ParseError>(value)); }
};

}  // namespace

const std::error_category& http_error_category() noexcept {
  static const HTTPErrorCategory category;
  return category;
}

std::error_code make_error_code(ParseError error) noexcept {
  return {static_cast<int>(error), http_error_category()};
}

int status_of(ParseError error) noexcept {
  switch (error) {
    case ParseError::body_too_large:
      return 413;
    case ParseError::start_line_too_long:
      return 414;
    case ParseError::unknown_expectation:
      return 417;
    case ParseError::headers_too_large:
    case ParseError::too_many_headers:
      return 431;
    case ParseError::connect_unsupported:
    case ParseError::unknown_transfer_coding:
      return 501;
    case ParseError::unsupported_version:
      return 505;
    default:
      return 400;
  }
}

}  // namespace funnel
