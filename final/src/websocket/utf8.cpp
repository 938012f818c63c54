#include "websocket/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace funnel::websocket {
namespace {

/// Returns how many bytes at the front are ASCII, counted in whole words of 8.
std::size_t count_ascii_words(std::string_view text) noexcept {
  constexpr std::uint64_t high_bits = 0x8080808080808080;
  std::size_t at = 0;
  for (std::uint64_t word = 0; text.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & high_bits) != 0) break;
  }
  return at;
}

}  // namespace

bool Utf8Validator::feed(std::string_view piece) noexcept {
  for (std::size_t at = 0; at < piece.size(); ++at) {
    const auto byte = static_cast<unsigned char>(piece[at]);
    if (missing_ > 0) {
      if (byte < lowest_ || byte > highest_) return false;
      --missing_;
      lowest_ = 0x80;
      highest_ = 0xBF;
    } else if (byte < 0x80) {
      // Most text is ASCII: skip the words of it; the loop steps over one byte itself.
      const std::size_t ascii = count_ascii_words(piece.substr(at));
      if (ascii > 0) at += ascii - 1;
    } else if (!begin_character(byte)) {
      return false;
    }
  }
  return true;
}

/// The table of RFC 3629 section 4: only the second byte has a range of its own.
bool Utf8Validator::begin_character(unsigned char lead) noexcept {
  if (lead < 0xC2 || lead > 0xF4) return false;
  missing_ = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  if (lead == 0xE0) lowest_ = 0xA0;   // below: overlong
  if (lead == 0xED) highest_ = 0x9F;  // above: surrogates
  if (lead == 0xF0) lowest_ = 0x90;   // below: overlong
  if (lead == 0xF4) highest_ = 0x8F;  // above: beyond U+10FFFF
  return true;
}

bool is_valid_utf8(std::string_view text) noexcept {
  Utf8Validator validator;
  return validator.feed(text) && validator.is_complete();
}

}  // namespace funnel::websocket
