#pragma once

#include <cstdint>
#include <system_error>

/// @file
/// What a peer can do wrong in the WebSocket protocol, and the close codes.

namespace funnel::websocket {

/// The close codes of RFC 6455 section 7.4.1 and of IANA's registry after it. Applications
/// have 4000 to 4999 to themselves, and 3000 to 3999 after registration.
namespace close_code {

inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported_data = 1003;
inline constexpr std::uint16_t no_status = 1005;  ///< Never on the wire: a close without a code.
inline constexpr std::uint16_t abnormal = 1006;   ///< Never on the wire: the end without a close.
inline constexpr std::uint16_t invalid_payload = 1007;
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t message_too_big = 1009;
inline constexpr std::uint16_t mandatory_extension = 1010;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t service_restart = 1012;
inline constexpr std::uint16_t try_again_later = 1013;
inline constexpr std::uint16_t bad_gateway = 1014;

}  // namespace close_code

/// Why the connection has to be failed (RFC 6455 section 7.1.7). Sections are of RFC 6455.
enum class ProtocolError {
  /// A reserved bit is set that no extension was negotiated for, or RSV1 elsewhere than on
  /// the first frame of a data message (section 5.2; RFC 7692 section 6).
  reserved_bits = 1,
  /// The opcode is one of 3 to 7 or 11 to 15 (section 5.2).
  reserved_opcode,
  /// A control frame without FIN (section 5.5).
  fragmented_control,
  /// A control frame with more than 125 bytes of payload (section 5.5).
  control_too_long,
  /// A client's frame that is not masked (section 5.1).
  not_masked,
  /// A server's frame that is masked (section 5.1).
  masked,
  /// A payload length in more bytes than it needs (section 5.2).
  length_not_minimal,
  /// A 64-bit payload length with its most significant bit set (section 5.2).
  length_overflow,
  /// A continuation frame although no message is open (section 5.4).
  unexpected_continuation,
  /// A text or binary frame inside another message's fragments (section 5.4).
  expected_continuation,
  /// The message would be longer than the limit (section 10.4).
  message_too_big,
  /// Text or a close reason that is not UTF-8 (section 8.1).
  bad_utf8,
  /// A close payload of one byte, which is half a code (section 5.5.1).
  bad_close_length,
  /// A close code that must not be sent: reserved, unregistered, out of range (section 7.4).
  bad_close_code,
};

/// Returns the category whose messages describe `ProtocolError`.
const std::error_category& protocol_category() noexcept;

/// Makes the `std::error_code` of a `ProtocolError`; found by the standard library.
std::error_code make_error_code(ProtocolError error) noexcept;

/// Returns the code to close the connection with because of `error`: 1007, 1009 or 1002.
std::uint16_t close_code_for(ProtocolError error) noexcept;

}  // namespace funnel::websocket

template <>
struct std::is_error_code_enum<funnel::websocket::ProtocolError> : std::true_type {};
