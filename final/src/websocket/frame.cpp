#include "websocket/frame.h"

#include <funnel/assert.h>
#include <cstring>

#include "websocket/error.h"

namespace funnel::websocket {
namespace {

// The two bytes that every header starts with (RFC 6455 section 5.2).
constexpr unsigned fin_bit = 0x80;
constexpr unsigned rsv1_bit = 0x40;
constexpr unsigned other_rsv_bits = 0x30;
constexpr unsigned opcode_bits = 0x0F;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_bits = 0x7F;

// Lengths up to 125 stand in the second byte; these two announce 16 or 64 more bits.
constexpr unsigned length_in_16_bits = 126;
constexpr unsigned length_in_64_bits = 127;

bool is_known(Opcode opcode) noexcept {
  return opcode <= Opcode::binary || (opcode >= Opcode::close && opcode <= Opcode::pong);
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xFF));
  }
}

}  // namespace

Result<std::size_t> FrameHeaderParser::feed(std::string_view bytes) noexcept {
  FUNNEL_ASSERT(step_ != Step::failed, "a frame header was continued behind an error in it");
  std::size_t used = 0;
  while (step_ != Step::complete && used < bytes.size()) {
    bytes_[have_++] = static_cast<unsigned char>(bytes[used++]);
    if (have_ < need_) continue;
    if (const std::error_code error = finish_step()) {
      step_ = Step::failed;
      return error;
    }
  }
  return used;
}

void FrameHeaderParser::reset() noexcept {
  header_ = {};
  expect(Step::start, 2);
}

void FrameHeaderParser::expect(Step step, std::size_t bytes) noexcept {
  step_ = step;
  have_ = 0;
  need_ = bytes;
}

std::error_code FrameHeaderParser::finish_step() noexcept {
  switch (step_) {
    case Step::start:
      return finish_start();
    case Step::length:
      return finish_length();
    case Step::mask:
      std::memcpy(header_.mask.emplace().data(), bytes_.data(), sizeof(MaskKey));
      expect(Step::complete, 0);
      return {};
    case Step::complete:
    case Step::failed:
      break;
  }
  return {};
}

std::error_code FrameHeaderParser::finish_start() noexcept {
  header_.fin = (bytes_[0] & fin_bit) != 0;
  header_.rsv1 = (bytes_[0] & rsv1_bit) != 0;
  header_.opcode = static_cast<Opcode>(bytes_[0] & opcode_bits);
  const unsigned length = bytes_[1] & length_bits;
  if (const std::error_code error = check_start((bytes_[1] & mask_bit) != 0, length)) return error;

  if (length == length_in_16_bits) {
    expect(Step::length, 2);
  } else if (length == length_in_64_bits) {
    expect(Step::length, 8);
  } else {
    header_.payload_bytes = length;
    expect_mask();
  }
  return {};
}

std::error_code FrameHeaderParser::check_start(bool masked, unsigned length) const noexcept {
  if ((bytes_[0] & other_rsv_bits) != 0) return ProtocolError::reserved_bits;
  if (!is_known(header_.opcode)) return ProtocolError::reserved_opcode;
  // RFC 7692 section 6: RSV1 stands on the first frame of a data message only, so neither on
  // a continuation nor on a control frame, whose payload is never compressed.
  const bool opens_message = header_.opcode == Opcode::text || header_.opcode == Opcode::binary;
  if (header_.rsv1 && !(rsv1_allowed_ && opens_message)) return ProtocolError::reserved_bits;
  if (is_control(header_.opcode)) {
    if (!header_.fin) return ProtocolError::fragmented_control;
    if (length > max_control_bytes) return ProtocolError::control_too_long;
  }
  // Section 5.1. Masking keeps what a script sends from looking like HTTP to a proxy on the
  // way; an unmasked client frame must therefore never be let through.
  if (own_role_ == Role::server && !masked) return ProtocolError::not_masked;
  if (own_role_ == Role::client && masked) return ProtocolError::masked;
  return {};
}

std::error_code FrameHeaderParser::finish_length() noexcept {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < need_; ++i) length = length << 8 | bytes_[i];
  const std::uint64_t fits_shorter = need_ == 2 ? max_control_bytes : 0xFFFF;
  if (length >> 63 != 0) return ProtocolError::length_overflow;
  if (length <= fits_shorter) return ProtocolError::length_not_minimal;
  header_.payload_bytes = length;
  expect_mask();
  return {};
}

void FrameHeaderParser::expect_mask() noexcept {
  if (own_role_ == Role::server) {
    expect(Step::mask, sizeof(MaskKey));
  } else {
    expect(Step::complete, 0);
  }
}

void apply_mask(std::span<char> data, MaskKey key, std::uint64_t offset) noexcept {
  // Eight bytes of key, turned so that they begin with the byte that `offset` is due. Copied
  // in and out as they lie in memory, so the byte order of the machine does not matter.
  std::array<unsigned char, 8> turned{};
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = key[(offset + i) % key.size()];
  std::uint64_t key_word = 0;
  std::memcpy(&key_word, turned.data(), sizeof key_word);

  std::size_t at = 0;
  for (; data.size() - at >= sizeof key_word; at += sizeof key_word) {
    std::uint64_t word = 0;
    std::memcpy(&word, data.data() + at, sizeof word);
    word ^= key_word;
    std::memcpy(data.data() + at, &word, sizeof word);
  }
  for (; at < data.size(); ++at) {
    data[at] = static_cast<char>(data[at] ^ turned[at % turned.size()]);
  }
}

void append_header(std::string& out, const FrameHeader& header) {
  FUNNEL_ASSERT(
      !is_control(header.opcode) || (header.fin && header.payload_bytes <= max_control_bytes),
      "a control frame has one piece and at most 125 bytes");
  out.push_back(static_cast<char>((header.fin ? fin_bit : 0) | (header.rsv1 ? rsv1_bit : 0) |
                                  static_cast<unsigned>(header.opcode)));
  const unsigned masked = header.mask ? mask_bit : 0;
  if (header.payload_bytes <= 125) {
    out.push_back(static_cast<char>(masked | header.payload_bytes));
  } else if (header.payload_bytes <= 0xFFFF) {
    out.push_back(static_cast<char>(masked | length_in_16_bits));
    append_big_endian(out, header.payload_bytes, 2);
  } else {
    out.push_back(static_cast<char>(masked | length_in_64_bits));
    append_big_endian(out, header.payload_bytes, 8);
  }
  if (header.mask) out.append(header.mask->begin(), header.mask->end());
}

void append_frame(std::string& out, FrameHeader header, std::string_view payload) {
  header.payload_bytes = payload.size();
  append_header(out, header);
  const std::size_t start = out.size();
  out.append(payload);
  if (header.mask) apply_mask(std::span(out).subspan(start), *header.mask);
}

}  // namespace funnel::websocket
