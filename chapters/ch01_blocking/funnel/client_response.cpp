#include "client_response.h"

#include <system_error>
#include <vector>

#include "http_text.h"

namespace funnel::detail {

namespace {

constexpr std::size_t max_head_bytes = std::size_t{64} * 1024;
constexpr int max_interim_responses = 20;

}  // namespace

Result<std::optional<std::uint64_t>> body_size(const ResponseHead& head, std::string_view method) {
  // Two statements about where a body ends are worse than none: if a proxy believes one and we the
  // other, it takes the rest of this body for a response that nobody sent (response splitting).
  const bool is_coded = head.headers.contains("Transfer-Encoding");
  const std::vector<std::string> lengths = head.headers.get_list("Content-Length");
  if (is_coded && !lengths.empty()) return ParseError::length_and_transfer_encoding;
  if (lengths.size() > 1) return ParseError::duplicate_content_length;

  std::optional<std::uint64_t> length;
  if (!lengths.empty()) {
    const std::string& digits = lengths.front();
    // Functions that convert numbers disagree about "-1", "+5", "5x" and "0x5".
    if (digits.empty() || !all_of(digits, is_digit)) return ParseError::bad_content_length;
    length = parse_int(digits);
    if (!length) return ParseError::content_length_overflow;
  }

  // A response to HEAD, and a 304, have the headers of a body that is not sent: a client that waits
  // for it hangs. 1xx and 204 must not even announce one.
  const int code = head.start_line.code;
  const bool never_has_one = code < 200 || code == 204;
  if (never_has_one && (is_coded || length.value_or(0) > 0)) return ParseError::forbidden_body;
  const bool has_none = never_has_one || code == 304 || method == "HEAD";
  if (has_none) return std::optional<std::uint64_t>(0);  // a plain 0 would need two conversions
  if (is_coded) return ParseError::unknown_transfer_coding;
  return length;
}

ResponseHead read_head(Socket& socket) {
  for (int interim = 0; interim <= max_interim_responses; ++interim) {
    std::string text;
    try {
      text = socket.read_until("\r\n\r\n", max_head_bytes);
    } catch (const StreamBufferFullError&) {
      throw std::system_error(make_error_code(ParseError::headers_too_large));
    }
    ResponseHead head = parse_response_head(text).value();
    if (head.start_line.code >= 200) return head;
    // 101 switches the connection to another protocol. We did not ask for one.
    if (head.start_line.code == 101) break;
    (void)body_size(head, "").value();  // throws if it announces a body
  }
  throw std::system_error(std::make_error_code(std::errc::protocol_error));
}

}  // namespace funnel::detail
