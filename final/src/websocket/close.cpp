#include "websocket/close.h"

#include "websocket/error.h"
#include "websocket/frame.h"
#include "websocket/utf8.h"

namespace funnel::websocket {

bool is_valid_close_code(std::uint16_t code) noexcept {
  // 1004 is reserved; 1005, 1006 and 1015 are for an application to be told, not to be sent.
  if (code >= close_code::normal && code <= close_code::unsupported_data) return true;
  if (code >= close_code::invalid_payload && code <= close_code::bad_gateway) return true;
  return code >= 3000 && code <= 4999;
}

Result<CloseStatus> parse_close_payload(std::string_view payload) {
  if (payload.empty()) return CloseStatus();
  if (payload.size() == 1) return ProtocolError::bad_close_length;
  const auto high = static_cast<unsigned char>(payload[0]);
  const auto low = static_cast<unsigned char>(payload[1]);
  const auto code = static_cast<std::uint16_t>(high << 8 | low);
  const std::string_view reason = payload.substr(2);
  if (!is_valid_close_code(code)) return ProtocolError::bad_close_code;
  if (!is_valid_utf8(reason)) return ProtocolError::bad_utf8;
  return CloseStatus(code, std::string(reason));
}

Result<std::string> make_close_payload(std::uint16_t code, std::string_view reason) {
  if (!is_valid_close_code(code)) return ProtocolError::bad_close_code;
  if (!is_valid_utf8(reason)) return ProtocolError::bad_utf8;
  if (reason.size() > max_control_bytes - 2) return ProtocolError::control_too_long;
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  return payload.append(reason);
}

}  // namespace funnel::websocket
