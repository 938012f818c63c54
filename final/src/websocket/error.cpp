#include "websocket/error.h"

#include <string>

namespace funnel::websocket {
namespace {

const char* describe(ProtocolError error) noexcept {
  switch (error) {
    case ProtocolError::reserved_bits:
      return "reserved bit set without an extension that defines it";
    case ProtocolError::reserved_opcode:
      return "reserved opcode";
    case ProtocolError::fragmented_control:
      return "fragmented control frame";
    case ProtocolError::control_too_long:
      return "control frame longer than 125 bytes";
    case ProtocolError::not_masked:
      return "client frame without a mask";
    case ProtocolError::masked:
      return "server frame with a mask";
    case ProtocolError::length_not_minimal:
      return "payload length not in its shortest form";
    case ProtocolError::length_overflow:
      return "payload length above 2^63-1";
    case ProtocolError::unexpected_continuation:
      return "continuation frame without a message to continue";
    case ProtocolError::expected_continuation:
      return "new message before the last one was complete";
    case ProtocolError::message_too_big:
      return "message too big";
    case ProtocolError::bad_utf8:
      return "text is not valid UTF-8";
    case ProtocolError::bad_close_length:
      return "close payload of one byte";
    case ProtocolError::bad_close_code:
      return "close code that must not be sent";
  }
  return "unknown error";
}

class ProtocolCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "funnel.websocket"; }
  std::string message(int value) const override {
    return describe(static_cast<ProtocolError>(value));
  }
};

}  // namespace

const std::error_category& protocol_category() noexcept {
  static const ProtocolCategory category;
  return category;
}

std::error_code make_error_code(ProtocolError error) noexcept {
  return {static_cast<int>(error), protocol_category()};
}

std::uint16_t close_code_for(ProtocolError error) noexcept {
  switch (error) {
    case ProtocolError::bad_utf8:
      return close_code::invalid_payload;
    case ProtocolError::message_too_big:
      return close_code::message_too_big;
    default:
      return close_code::protocol_error;
  }
}

}  // namespace funnel::websocket
