#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// @file
/// Which bytes may stand where, as a table: one look-up a byte. Comparing and trimming.

namespace funnel::http {

enum CharClass : std::uint8_t {
  token_char = 1,     ///< RFC 9110 section 5.6.2: methods, header names
  value_char = 2,     ///< RFC 9110 section 5.5: tab, 0x20-0x7E, 0x80-0xFF
  target_char = 4,    ///< 0x21-0x7E but `#`
  host_char = 8,      ///< RFC 3986 reg-name, but no comma: that is two hosts made one
  userinfo_char = 16  ///< RFC 3986 userinfo
};

constexpr bool is_alnum(int byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z');
}

constexpr std::uint8_t classes_of(int byte) {
  const auto any_of = [byte](std::string_view set) {
    return byte != 0 && set.find(static_cast<char>(byte)) != std::string_view::npos;
  };
  std::uint8_t classes = 0;
  const auto add = [&classes](CharClass added, bool applies) {
    if (applies) classes = static_cast<std::uint8_t>(classes | added);
  };
  add(token_char, is_alnum(byte) || any_of("!#$%&'*+-.^_`|~"));
  add(value_char, byte == '\t' || (byte >= 0x20 && byte != 0x7F));
  add(target_char, byte > 0x20 && byte < 0x7F && byte != '#');
  add(host_char, is_alnum(byte) || any_of("-._~%!$&'()*+;="));
  add(userinfo_char, is_alnum(byte) || any_of("-._~%!$&'()*+,;=:"));
  return classes;
}

constexpr std::array<std::uint8_t, 256> make_char_classes() {
  std::array<std::uint8_t, 256> table{};
  for (int byte = 0; byte < 256; ++byte) table[static_cast<std::size_t>(byte)] = classes_of(byte);
  return table;
}

inline constexpr std::array<std::uint8_t, 256> char_classes = make_char_classes();

/// Tells whether a byte is in a class.
constexpr bool is_char(char byte, CharClass wanted) noexcept {
  return (char_classes[static_cast<unsigned char>(byte)] & wanted) != 0;
}

/// Returns the offset of the first byte that is not in the class, or the size.
inline std::size_t find_char_not(std::string_view text, CharClass wanted) noexcept {
  std::size_t i = 0;
  while (i < text.size() && is_char(text[i], wanted)) ++i;
  return i;
}

/// Tells whether all bytes are in a class; true for no bytes.
inline bool all_chars(std::string_view text, CharClass wanted) noexcept {
  return find_char_not(text, wanted) == text.size();
}

/// Returns a hexadecimal digit's value, or -1.
constexpr int hex_value(char byte) noexcept {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

constexpr bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

/// Returns the lower case of an ASCII letter, any other byte as it is.
constexpr char to_lower(char byte) noexcept {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
}

/// Compares without regard to the case of ASCII letters.
inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

/// Removes spaces and tabs from both ends.
inline std::string_view trim_blanks(std::string_view text) noexcept {
  const auto is_blank = [](char byte) { return byte == ' ' || byte == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Tells whether one of eight bytes is below 0x20 or is 0x7F; true now and then for others too.
///
/// Where a byte has its top bit clear, the subtraction sets it for 0x00-0x1F, the addition for
/// 0x7F. A borrow or carry from the byte before can only add a false alarm.
inline bool may_have_control_char(const char* eight_bytes) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101U;
  std::uint64_t word = 0;
  std::memcpy(&word, eight_bytes, sizeof word);
  return (((word - ones * 0x20U) | (word + ones)) & ~word & (ones * 0x80U)) != 0;
}

/// Tells whether all bytes may stand in a header value. Values are most of a head, so eight
/// bytes are looked at together; what looks like a control
/// character (a tab may be one) is looked up.
inline bool is_field_value(std::string_view value) noexcept {
  constexpr std::size_t step = sizeof(std::uint64_t);
  if (value.size() < step) return all_chars(value, value_char);
  const char* const last = value.data() + value.size() - step;
  bool plain = !may_have_control_char(last);
  for (const char* at = value.data(); plain && at < last; at += step) {
    plain = !may_have_control_char(at);
  }
  return plain || all_chars(value, value_char);
}

}  // namespace funnel::http
