#include <funnel/http_error.h>
#include <funnel/httputil.h>

#include <cstddef>
#include <string>
#include <utility>

// The sentences for people. A `std::error_code` carries a number and a category, which is a table
// of sentences for such numbers. So one type can carry the errors of the system, of URLs and of
// HTTP, and all of them can be printed.

namespace funnel {
namespace {

constexpr std::pair<ParseError, const char*> http_sentences[] = {
    {ParseError::bad_request_line, "The request line is malformed."},
    {ParseError::bad_method, "The method is not a token."},
    {ParseError::bad_target, "The request target is malformed."},
    {ParseError::bad_version, "The HTTP version is malformed."},
    {ParseError::unsupported_version, "The HTTP version is not 1.0 or 1.1."},
    {ParseError::bad_status_line, "The status line is malformed."},
    {ParseError::bad_line_end, "A line does not end with CRLF."},
    {ParseError::bad_header_line, "A header line has no colon."},
    {ParseError::bad_header_name, "A header name is malformed."},
    {ParseError::bad_header_value, "A header value has a control character."},
    {ParseError::obsolete_folding, "A header line starts with a blank."},
    {ParseError::headers_too_large, "The header lines are too large."},
    {ParseError::bad_content_length, "Content-Length is not a number."},
    {ParseError::content_length_overflow, "Content-Length does not fit into 64 bits."},
    {ParseError::duplicate_content_length, "There is more than one Content-Length."},
    {ParseError::unknown_transfer_coding, "Transfer-Encoding names an unknown coding."},
    {ParseError::length_and_transfer_encoding,
     "The message has both Transfer-Encoding and Content-Length."},
    {ParseError::forbidden_body, "A response that has no body announces one."},
    {ParseError::body_too_large, "The body is too large."},
    {ParseError::truncated_message, "The connection ended before the message did."},
};

constexpr std::pair<URLError, const char*> url_sentences[] = {
    {URLError::missing_scheme, "The URL does not start with http:// or https://."},
    {URLError::unsupported_scheme, "The URL's scheme is neither http nor https."},
    {URLError::empty_host, "The URL has no host."},
    {URLError::bad_host, "The URL's host is malformed."},
    {URLError::bad_port, "The URL's port is not a number from 1 to 65535."},
    {URLError::bad_character,
     "The URL has a byte that must be percent-encoded: a space, a control character or "
     "one outside ASCII."},
};

template <typename Enum, std::size_t size>
std::string sentence_of(const std::pair<Enum, const char*> (&sentences)[size], int value) {
  for (const auto& [error, sentence] : sentences) {
    if (static_cast<int>(error) == value) return sentence;
  }
  return "An unknown error occurred.";
}

class HTTPErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "funnel.http"; }
  std::string message(int value) const override { return sentence_of(http_sentences, value); }
};

class URLErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "funnel.url"; }
  std::string message(int value) const override { return sentence_of(url_sentences, value); }
};

}  // namespace

const std::error_category& http_error_category() noexcept {
  static const HTTPErrorCategory category;
  return category;
}

const std::error_category& url_error_category() noexcept {
  static const URLErrorCategory category;
  return category;
}

std::error_code make_error_code(ParseError error) noexcept {
  return {static_cast<int>(error), http_error_category()};
}

std::error_code make_error_code(URLError error) noexcept {
  return {static_cast<int>(error), url_error_category()};
}

}  // namespace funnel
