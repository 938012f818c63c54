#include <funnel/httputil.h>

#include <arpa/inet.h>

#include <algorithm>

#include "http_text.h"

namespace funnel {
namespace {

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

bool is_visible_ascii(char byte) { return byte > 0x20 && byte < 0x7F; }

/// RFC 3986 section 3.2.2 (`reg-name`) without the comma, by which two hosts become one.
bool is_host_char(char byte) {
  constexpr std::string_view others = "-._~%!$&'()*+;=";
  return detail::is_alphanumeric(byte) || others.find(byte) != std::string_view::npos;
}

/// RFC 3986 section 3.2.1.
bool is_userinfo_char(char byte) { return is_host_char(byte) || byte == ',' || byte == ':'; }

/// RFC 3986 section 3.1.
bool is_scheme(std::string_view text) {
  const auto is_scheme_char = [](char byte) {
    return detail::is_alphanumeric(byte) || byte == '+' || byte == '-' || byte == '.';
  };
  return !text.empty() && !detail::is_digit(text[0]) && detail::all_of(text, is_scheme_char);
}

bool is_ipv6_address(std::string_view text) {
  in6_addr parsed{};
  // The system's own parser decides, because the system connects.
  return ::inet_pton(AF_INET6, std::string(text).c_str(), &parsed) == 1;
}

}  // namespace

Result<URL> URL::parse(std::string_view text) {
  // A URL becomes a part of the request's first line. A line end in it would let the author of the
  // URL write headers, or a second request (header injection).
  if (!detail::all_of(text, is_visible_ascii)) return URLError::bad_character;
  text = text.substr(0, text.find('#'));

  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return URLError::missing_scheme;
  const std::string_view scheme = text.substr(0, scheme_end);
  if (!is_scheme(scheme)) return URLError::missing_scheme;
  URL url;
  url.scheme_ = detail::lower_case(scheme);
  if (url.scheme_ != "http" && url.scheme_ != "https") return URLError::unsupported_scheme;

  // The authority ends where path or query begins. Both may be missing: http://h?x=1.
  const std::string_view rest = text.substr(scheme_end + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
  const std::error_code error = url.parse_authority(rest.substr(0, authority_end));
  if (error) return error;
  // A request line needs a target, and a target begins with a slash.
  const std::string_view target = rest.substr(authority_end);
  url.target_ = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return url;
}

std::error_code URL::parse_authority(std::string_view authority) {
  // [userinfo@]host[:port]. No part may have an `@` of its own, or a backslash, which browsers take
  // for a slash: two readers of http://good.com\@evil.com/ or http://a@b@c/ may see two hosts. If
  // one of them decides what is allowed and the other connects, nothing is forbidden.
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    userinfo_ = authority.substr(0, at);
    if (!detail::all_of(userinfo_, is_userinfo_char)) return URLError::bad_host;
    authority.remove_prefix(at + 1);
  }

  // An IPv6 address is full of colons, so it has brackets, and the port's colon follows them.
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return URLError::bad_host;
    const std::string_view address = authority.substr(1, bracket - 1);
    if (!is_ipv6_address(address)) return URLError::bad_host;
    host_ = detail::lower_case(address);
    port = authority.substr(bracket + 1);
    if (!port.empty() && port[0] != ':') return URLError::bad_host;
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    if (colon == 0) return URLError::empty_host;
    host_ = detail::lower_case(authority.substr(0, colon));
    if (!detail::all_of(host_, is_host_char)) return URLError::bad_host;
    port = authority.substr(colon);
  }
  if (!port.empty()) port.remove_prefix(1);
  return parse_port(port);
}

std::error_code URL::parse_port(std::string_view digits) {
  port_ = default_port(scheme_);
  if (digits.empty()) return {};  // http://h:/ means the default too (RFC 3986 section 3.2.3)
  // The range is checked before the number becomes a uint16_t, which would make 65616 port 80.
  const std::optional<std::uint64_t> number = parse_int(digits);
  if (!number || *number == 0 || *number > 65535) return URLError::bad_port;
  port_ = static_cast<std::uint16_t>(*number);
  return {};
}

std::string URL::host_header() const {
  const bool is_ipv6 = host_.find(':') != std::string::npos;
  std::string text = is_ipv6 ? "[" + host_ + "]" : host_;
  if (port_ != default_port(scheme_)) text += ":" + std::to_string(port_);
  return text;
}

std::string URL::to_string() const {
  const std::string credentials = userinfo_.empty() ? "" : userinfo_ + "@";
  return scheme_ + "://" + credentials + host_header() + target_;
}

}  // namespace funnel
