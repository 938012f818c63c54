#pragma once

#include <funnel/result.h>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

/// @file
/// The payload of a close frame (RFC 6455 section 5.5.1).

namespace funnel::websocket {

/// Why a peer closed: its code, absent when the frame was empty, and its reason, UTF-8.
struct CloseStatus {
  CloseStatus() = default;
  CloseStatus(std::uint16_t why, std::string text) : code(why), reason(std::move(text)) {}

  std::optional<std::uint16_t> code;
  std::string reason;
};

/// Tells whether a close frame may carry `code`: registered for the wire (1000 to 1003, 1007
/// to 1014), or 3000 to 4999 (RFC 6455 section 7.4).
[[nodiscard]] bool is_valid_close_code(std::uint16_t code) noexcept;

/// Parses the payload of a received close frame. Returns `ProtocolError::bad_close_length`,
/// `bad_close_code` or `bad_utf8` for one that must not be sent.
Result<CloseStatus> parse_close_payload(std::string_view payload);

/// Builds the payload of a close frame to send. Returns `ProtocolError::bad_close_code`,
/// `bad_utf8`, or `control_too_long` for a reason of more than 123 bytes.
Result<std::string> make_close_payload(std::uint16_t code, std::string_view reason);

}  // namespace funnel::websocket
