#pragma once

#include <system_error>
#include <type_traits>

/// @file
/// What can be wrong with an HTTP/1.1 message, and the status that answers it.

namespace funnel {

/// Names the reason why a message from a peer was refused.
///
/// After any of them it is unknown where the next message would begin: a server
/// answers with `status_of(error)` and closes, a client drops the connection
/// (RFC 9112 section 11).
enum class ParseError {
  /// The request line is not `method SP target SP version`, or more than four
  /// empty lines come before it.
  bad_request_line = 1,
  /// The method is not a token.
  bad_method,
  /// The target is not in a form that its method may have, or has a byte outside
  /// 0x21-0x7E, a fragment, or user information.
  bad_target,
  /// The version is not `HTTP/` digit `.` digit.
  bad_version,
  /// The version is well formed but its major number is not 1.
  unsupported_version,
  /// The method is `CONNECT`: this server is no proxy.
  connect_unsupported,
  /// The request line or status line is longer than its limit.
  start_line_too_long,
  /// The status line is not `version SP three digits SP reason`.
  bad_status_line,
  /// A CR without LF or an LF without CR.
  bad_line_end,
  /// A header line has no colon.
  bad_header_line,
  /// A header name is empty, has a byte that is not allowed in a token, or is
  /// followed by a blank.
  bad_header_name,
  /// A header value has a control character.
  bad_header_value,
  /// A header line starts with a blank, which once continued the previous line.
  obsolete_folding,
  /// The header lines (or the trailer lines) together are larger than their limit.
  headers_too_large,
  /// There are more header lines (or trailer lines) than allowed.
  too_many_headers,
  /// An HTTP/1.1 request has no `Host`.
  missing_host,
  /// `Host` appears more than once.
  duplicate_host,
  /// `Host` is not a host name or address with an optional port.
  bad_host,
  /// `Content-Length` is not digits only.
  bad_content_length,
  /// `Content-Length` does not fit into 64 bits.
  content_length_overflow,
  /// `Content-Length` appears more than once (in a response: with unequal values).
  duplicate_content_length,
  /// `Transfer-Encoding` is no list of codings, or `chunked` is not the last of
  /// them, so that the end of the body is unknown.
  bad_transfer_encoding,
  /// `Transfer-Encoding` names another coding before the final `chunked`.
  unknown_transfer_coding,
  /// `Transfer-Encoding` appears more than once.
  duplicate_transfer_encoding,
  /// An HTTP/1.0 message has `Transfer-Encoding`.
  transfer_encoding_in_http_1_0,
  /// A message has both `Transfer-Encoding` and `Content-Length`.
  length_and_transfer_encoding,
  /// `Expect` is anything but `100-continue`.
  unknown_expectation,
  /// A response with status 1xx or 204 announces a body.
  forbidden_body,
  /// The body is larger than allowed.
  body_too_large,
  /// A chunk size is not hexadecimal digits, is not followed by CRLF or an
  /// extension, or does not fit into 64 bits.
  bad_chunk_size,
  /// The line of a chunk size is longer than 256 bytes, or the extensions (and leading zeros)
  /// of all of a body's chunks are longer than 16 KiB together.
  chunk_line_too_long,
  /// The data of a chunk is not followed by CRLF.
  bad_chunk_end,
  /// The connection ended before the message did.
  truncated_message,
};

/// Returns the category named `funnel.http`; its messages are full sentences.
const std::error_category& http_error_category() noexcept;

/// Wraps a `ParseError`; found by argument-dependent look-up.
std::error_code make_error_code(ParseError error) noexcept;

/// Returns the status that a server answers with: 400, 413, 414, 417, 431, 501 or 505.
int status_of(ParseError error) noexcept;

}  // namespace funnel

template <>
struct std::is_error_code_enum<funnel::ParseError> : std::true_type {};
