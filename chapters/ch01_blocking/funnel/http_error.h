#pragma once

#include <system_error>
#include <type_traits>

/// @file
/// What can be wrong with an HTTP/1.1 message.

namespace funnel {

/// Names the reason why a message from a peer was refused.
///
/// After any of them it is unknown where the message ends, so nothing that follows on its
/// connection can be trusted: the connection is closed (RFC 9112 section 11).
enum class ParseError {
  /// The request line is not `method SP target SP version`.
  bad_request_line = 1,
  /// The method is not a token.
  bad_method,
  /// The target has a byte outside 0x21-0x7E, or a fragment.
  bad_target,
  /// The version of a request line is not `HTTP/` digit `.` digit. In a status line that is
  /// `bad_status_line`.
  bad_version,
  /// The version is well formed but its major number is not 1.
  unsupported_version,
  /// The status line is not `HTTP/` digit `.` digit `SP` three digits `SP` reason, or the reason
  /// has
  /// a control character, such as a lone CR or LF.
  bad_status_line,
  /// A header line ends with a lone LF, its value has a lone CR, or a head ends without its empty
  /// line.
  bad_line_end,
  /// A header line is empty, or is only a name: `nocolon`.
  bad_header_line,
  /// A header name is empty, has a byte that is not allowed in a token (such as CR), or is followed
  /// by
  /// a space: `Name : value`, and `no colon` too, since the name ends at the space.
  bad_header_name,
  /// A header value has a control character other than a tab or a CR.
  bad_header_value,
  /// A header line starts with a space or tab, which once continued the previous line.
  obsolete_folding,
  /// The head is larger than its limit.
  headers_too_large,
  /// `Content-Length` is not digits only.
  bad_content_length,
  /// `Content-Length` does not fit into 64 bits.
  content_length_overflow,
  /// `Content-Length` appears more than once.
  duplicate_content_length,
  /// `Transfer-Encoding` names an unknown coding; this client knows none.
  unknown_transfer_coding,
  /// A message has both `Transfer-Encoding` and `Content-Length`.
  length_and_transfer_encoding,
  /// A response with status 1xx or 204 announces a body: a `Content-Length` above 0, or any
  /// `Transfer-Encoding`.
  forbidden_body,
  /// The body is larger than allowed.
  body_too_large,
  /// The connection ended before the message did.
  truncated_message,
};

/// Returns the category named `funnel.http`; its messages are full sentences.
const std::error_category& http_error_category() noexcept;

/// Wraps a `ParseError`; found by argument-dependent look-up.
std::error_code make_error_code(ParseError error) noexcept;

}  // namespace funnel

template <>
struct std::is_error_code_enum<funnel::ParseError> : std::true_type {};
