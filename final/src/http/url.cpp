#include <funnel/httputil.h>

#include <algorithm>

#include "http/parse_chars.h"
#include "http/parse_fields.h"
#include "http/parse_target.h"

namespace funnel {
namespace {

class URLErrorCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "funnel.url"; }

  std::string message(int value) const override {
    switch (static_cast<URLError>(value)) {
      case URLError::missing_scheme:
        return "The URL does not start with http:// or https://.";
      case URLError::unsupported_scheme:
        return "The URL's scheme is neither http nor https.";
      case URLError::empty_host:
        return "The URL has no host.";
      case URLError::bad_host:
        return "The URL's host is malformed.";
      case URLError::bad_port:
        return "The URL's port is not a number from 1 to 65535.";
      case URLError::bad_character:
        return "The URL has a byte that must be percent-encoded: a space, a control character or "
               "one outside ASCII.";
    }
    return "An unknown URL error occurred.";
  }
};

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), http::to_lower);
  return out;
}

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char byte) { return byte > 0x20 && byte < 0x7F; });
}

std::string_view without_fragment(std::string_view text) { return text.substr(0, text.find('#')); }

/// Returns the size of the scheme that a colon follows, or 0 (RFC 3986 section 3.1).
std::size_t scheme_size(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || http::is_digit(text[0])) return 0;
  const auto is_scheme_char = [](char byte) {
    return http::is_alnum(static_cast<unsigned char>(byte)) || byte == '+' || byte == '-' ||
           byte == '.';
  };
  const std::string_view scheme = text.substr(0, colon);
  return std::all_of(scheme.begin(), scheme.end(), is_scheme_char) ? colon : 0;
}

/// Resolves `.` and `..` in a path that starts with a slash (RFC 3986 section 5.2.4).
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool is_last = end == path.size();
    if (segment == "/..") out.erase(std::min(out.rfind('/'), out.size()));
    if (segment != "/." && segment != "/..") {
      out += segment;
    } else if (is_last) {
      out += '/';
    }
    path.remove_prefix(end);
  }
  return out;
}

/// Splits path and query, the query with its question mark.
std::pair<std::string_view, std::string_view> split_query(std::string_view target) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  return {target.substr(0, mark), target.substr(mark)};
}

}  // namespace

const std::error_category& url_error_category() noexcept {
  static const URLErrorCategory category;
  return category;
}

std::error_code make_error_code(URLError error) noexcept {
  return {static_cast<int>(error), url_error_category()};
}

Result<URL> URL::parse(std::string_view text) {
  if (!is_visible_ascii(text)) return URLError::bad_character;
  text = without_fragment(text);
  const std::size_t size = scheme_size(text);
  if (size == 0 || text.substr(size, 3) != "://") return URLError::missing_scheme;
  URL url;
  url.scheme_ = lower_case(text.substr(0, size));
  if (url.scheme_ != "http" && url.scheme_ != "https") return URLError::unsupported_scheme;

  text.remove_prefix(size + 3);
  const std::size_t authority_size = std::min(text.find_first_of("/?"), text.size());
  if (const auto error = url.parse_authority(text.substr(0, authority_size))) return error;
  text.remove_prefix(authority_size);
  if (!text.starts_with('/')) url.target_ += '/';
  url.target_ += text;
  return url;
}

std::error_code URL::parse_authority(std::string_view authority) {
  // The last `@`, since none may stand in either part. Two readers who take different ones, or
  // who take a backslash for a slash, see different hosts: both are refused here.
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    userinfo_ = authority.substr(0, at);
    if (!http::all_chars(userinfo_, http::userinfo_char)) return URLError::bad_host;
    authority.remove_prefix(at + 1);
  }
  http::HostPort parts;
  if (!http::split_host_port(authority, parts)) return URLError::bad_host;
  if (parts.host.empty()) return URLError::empty_host;
  if (!http::is_valid_host(parts.host)) return URLError::bad_host;
  host_ = lower_case(parts.host);
  if (host_.front() == '[') host_ = host_.substr(1, host_.size() - 2);
  port_ = default_port(scheme_);
  // RFC 3986 section 3.2.3: a colon without a port means the default.
  if (parts.port.empty()) return {};
  return parse_port(parts.port);
}

std::error_code URL::parse_port(std::string_view digits) {
  const std::optional<std::uint64_t> number = parse_int(digits);
  if (!number || *number == 0 || *number > 65535) return URLError::bad_port;
  port_ = static_cast<std::uint16_t>(*number);
  return {};
}

Result<URL> URL::resolve(std::string_view reference) const {
  if (!is_visible_ascii(reference)) return URLError::bad_character;
  reference = without_fragment(reference);
  if (scheme_size(reference) > 0 || reference.starts_with("//")) {
    Result<URL> absolute = scheme_size(reference) > 0
                               ? parse(reference)
                               : parse(scheme_ + ":" + std::string(reference));
    if (absolute) absolute->normalize_path();
    return absolute;
  }
  URL url(*this);
  if (reference.empty()) return url;
  const auto [base_path, base_query] = split_query(target_);
  if (reference.starts_with('?')) {
    url.target_ = std::string(base_path).append(reference);
  } else if (reference.starts_with('/')) {
    url.target_ = reference;
  } else {
    url.target_ = std::string(base_path.substr(0, base_path.rfind('/') + 1)).append(reference);
  }
  url.normalize_path();
  return url;
}

void URL::normalize_path() {
  const auto [path, query] = split_query(target_);
  target_ = remove_dot_segments(path).append(query);
}

std::string URL::host_header() const {
  const bool is_ipv6 = host_.find(':') != std::string::npos;
  std::string out;
  if (is_ipv6) out += '[';
  out += host_;
  if (is_ipv6) out += ']';
  if (port_ != default_port(scheme_)) out.append(":").append(std::to_string(port_));
  return out;
}

std::string URL::to_string() const {
  std::string out = scheme_;
  out += "://";
  if (!userinfo_.empty()) out.append(userinfo_).append("@");
  return out.append(host_header()).append(target_);
}

bool URL::same_origin(const URL& other) const noexcept {
  return scheme_ == other.scheme_ && host_ == other.host_ && port_ == other.port_;
}

}  // namespace funnel
