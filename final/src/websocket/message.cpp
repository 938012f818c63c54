#include "websocket/message.h"

#include <algorithm>
#include <cstddef>
#include <span>

#include "websocket/error.h"

namespace funnel::websocket {
namespace {

/// Compressed text can only be checked by whoever inflates it.
bool is_checkable_text(const Message& message) noexcept {
  return message.opcode == Opcode::text && !message.compressed;
}

}  // namespace

Result<std::optional<Message>> MessageReader::read(std::string_view& input) {
  if (error_) return error_;
  auto result = read_frames(input);
  error_ = result.error();
  return result;
}

Result<std::optional<Message>> MessageReader::read_frames(std::string_view& input) {
  while (true) {
    if (!parser_.is_complete()) {
      const Result<std::size_t> used = parser_.feed(input);
      if (!used) return used.error();
      input.remove_prefix(*used);
      if (!parser_.is_complete()) return std::optional<Message>();
      if (const std::error_code error = begin_frame()) return error;
    }
    if (const std::error_code error = take_payload(input)) return error;
    if (frame_left_ > 0) return std::optional<Message>();
    auto ended = end_frame();
    if (!ended || ended->has_value()) return ended;
  }
}

std::error_code MessageReader::begin_frame() {
  const FrameHeader& header = parser_.header();
  frame_left_ = header.payload_bytes;
  if (is_control(header.opcode)) {
    control_.emplace(header.opcode, false);
    return {};
  }
  // RFC 6455 section 5.4: the fragments of two messages must not be mixed.
  const bool continues = header.opcode == Opcode::continuation;
  if (continues && !message_) return ProtocolError::unexpected_continuation;
  if (!continues && message_) return ProtocolError::expected_continuation;
  if (!continues) message_.emplace(header.opcode, header.rsv1);
  const std::uint64_t room = max_message_bytes_ - message_->payload.size();
  if (header.payload_bytes > room) return ProtocolError::message_too_big;
  return {};
}

std::error_code MessageReader::take_payload(std::string_view& input) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), frame_left_));
  // The buffer grows with what has arrived, not with what the length field promises: a peer
  // must not be able to make us allocate the limit for the price of one header.
  std::string& payload = control_ ? control_->payload : message_->payload;
  const std::size_t start = payload.size();
  payload.append(input.substr(0, size));
  input.remove_prefix(size);

  const FrameHeader& header = parser_.header();
  const auto piece = std::span(payload).subspan(start);
  if (header.mask) apply_mask(piece, *header.mask, header.payload_bytes - frame_left_);
  frame_left_ -= size;
  if (!control_ && is_checkable_text(*message_) && !utf8_.feed({piece.data(), piece.size()})) {
    return ProtocolError::bad_utf8;
  }
  return {};
}

Result<std::optional<Message>> MessageReader::end_frame() {
  const bool fin = parser_.header().fin;
  parser_.reset();
  if (control_) return std::exchange(control_, std::nullopt);
  if (!fin) return std::optional<Message>();
  if (is_checkable_text(*message_) && !utf8_.is_complete()) return ProtocolError::bad_utf8;
  return std::exchange(message_, std::nullopt);
}

}  // namespace funnel::websocket
