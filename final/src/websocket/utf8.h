#pragma once

#include <string_view>

namespace funnel::websocket {

/// Checks that bytes which arrive in pieces are UTF-8 (RFC 3629): no overlong forms, no
/// surrogates, nothing above U+10FFFF. A piece may end inside a character.
class Utf8Validator {
 public:
  /// Checks the next piece. Returns false at the first byte that no valid text can have
  /// there; the validator is of no use after that.
  [[nodiscard]] bool feed(std::string_view piece) noexcept;

  /// Tells whether the text may end here, that is, not inside a character.
  [[nodiscard]] bool is_complete() const noexcept { return missing_ == 0; }

 private:
  bool begin_character(unsigned char lead) noexcept;

  int missing_ = 0;              // continuation bytes until the character is complete
  unsigned char lowest_ = 0x80;  // the range that the next one must lie in
  unsigned char highest_ = 0xBF;
};

/// Tells whether `text`, as a whole, is UTF-8.
[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;

}  // namespace funnel::websocket
