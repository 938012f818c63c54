#include <funnel/escape.h>

#include "http/parse_chars.h"

namespace funnel {
namespace {

// RFC 3986 section 2.3.
bool is_unreserved(char byte) noexcept {
  return http::is_alnum(static_cast<unsigned char>(byte)) || byte == '_' || byte == '.' ||
         byte == '-' || byte == '~';
}

void append_percent_encoded(std::string& out, char byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto value = static_cast<unsigned char>(byte);
  out += '%';
  out += digits[value / 16];
  out += digits[value % 16];
}

}  // namespace

std::string xhtml_escape(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char byte : value) {
    switch (byte) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#x27;";
        break;
      default:
        out += byte;
    }
  }
  return out;
}

std::string url_escape(std::string_view value, bool plus) {
  std::string out;
  out.reserve(value.size());
  for (const char byte : value) {
    if (is_unreserved(byte) || (byte == '/' && !plus)) {
      out += byte;
    } else if (byte == ' ' && plus) {
      out += '+';
    } else {
      append_percent_encoded(out, byte);
    }
  }
  return out;
}

std::string url_unescape(std::string_view value, bool plus) {
  std::string out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '+' && plus) {
      out += ' ';
      continue;
    }
    if (value[i] == '%' && value.size() - i > 2) {
      const int high = http::hex_value(value[i + 1]);
      const int low = http::hex_value(value[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += value[i];
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> parse_qs(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find('&'));
    text.remove_prefix(piece.size() < text.size() ? piece.size() + 1 : piece.size());
    if (piece.empty()) continue;
    const std::size_t equals = piece.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : piece.substr(equals + 1);
    pairs.emplace_back(url_unescape(piece.substr(0, equals)), url_unescape(value));
  }
  return pairs;
}

}  // namespace funnel
