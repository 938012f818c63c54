#pragma once

#include <funnel/result.h>

#include <algorithm>
#include <string>
#include <string_view>

/// @file
/// Small tools for reading the text of the protocol, for the sources of this folder.
///
/// The C library's `std::isdigit` and `std::tolower` depend on the locale, which means nothing to
/// the protocol, and are undefined for a negative `char`, as every byte above 0x7F may be. HTTP is
/// ASCII, so these few lines are our own.

namespace funnel::detail {

constexpr bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

constexpr bool is_alphanumeric(char byte) noexcept {
  return is_digit(byte) || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/// Tells whether a byte may be part of a token (RFC 9110 section 5.6.2).
constexpr bool is_token_char(char byte) noexcept {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return is_alphanumeric(byte) || others.find(byte) != std::string_view::npos;
}

/// Returns an ASCII letter in lower case, and any other byte unchanged.
constexpr char to_lower(char byte) noexcept {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte;
}

inline std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  const auto same = [](char x, char y) { return to_lower(x) == to_lower(y); };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
}

/// Tells whether `is_good` holds for every byte; true if there are none.
template <typename Predicate>
bool all_of(std::string_view text, Predicate is_good) {
  return std::all_of(text.begin(), text.end(), is_good);
}

/// Removes spaces and tabs from both ends.
inline std::string_view trim_blanks(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t";
  const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(blanks) + 1);
}

/// Parses `HTTP/1.1` or `HTTP/1.0` (RFC 9112 section 2.3). Returns the version to read
/// the message by, `ParseError::bad_version`, or `ParseError::unsupported_version`.
Result<std::string> parse_http_version(std::string_view text);

}  // namespace funnel::detail
