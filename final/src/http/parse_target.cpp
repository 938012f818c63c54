#include "http/parse_target.h"

#include <arpa/inet.h>
#include <funnel/httputil.h>

#include <optional>
#include <string>

#include "http/parse_chars.h"
#include "http/parse_fields.h"

namespace funnel::http {
namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return equals_ignoring_case(text.substr(0, prefix.size()), prefix);
}

void split_query(std::string_view text, TargetParts& parts) {
  const std::size_t mark = text.find('?');
  parts.path = text.substr(0, mark);
  parts.query = mark == std::string_view::npos ? std::string_view{} : text.substr(mark + 1);
}

ParseError parse_absolute(std::string_view method, std::string_view rest, TargetParts& parts) {
  const std::size_t authority_size = rest.find_first_of("/?");
  parts.host = rest.substr(0, authority_size);
  // RFC 9110 section 4.2: an http URI needs a host, and user information in one from an
  // untrusted source is an error (`@` is no host character).
  if (parts.host.empty() || !is_valid_host_header(parts.host)) return ParseError::bad_target;
  const std::string_view path_and_query =
      authority_size == std::string_view::npos ? std::string_view{} : rest.substr(authority_size);
  split_query(path_and_query, parts);
  if (parts.path.empty()) {
    // RFC 9112 section 3.2.4: without a path, OPTIONS asks about the server as a whole.
    parts.path = method == "OPTIONS" && path_and_query.empty() ? "*" : "/";
  }
  return no_error;
}

}  // namespace

bool split_host_port(std::string_view text, HostPort& parts) {
  std::size_t host_end = text.find(':');
  if (text.starts_with('[')) {
    host_end = text.find(']');
    if (host_end == std::string_view::npos) return false;
    ++host_end;
    if (host_end < text.size() && text[host_end] != ':') return false;
  }
  parts.host = text.substr(0, host_end);
  if (host_end < text.size()) parts.port = text.substr(host_end + 1);
  return true;
}

bool is_valid_host(std::string_view host) {
  if (!host.starts_with('[')) return !host.empty() && all_chars(host, host_char);
  if (!host.ends_with(']')) return false;
  const std::string address(host.substr(1, host.size() - 2));
  in6_addr parsed{};
  return inet_pton(AF_INET6, address.c_str(), &parsed) == 1;
}

bool is_valid_host_header(std::string_view text) {
  if (text.empty()) return true;
  HostPort parts;
  if (!split_host_port(text, parts) || !is_valid_host(parts.host)) return false;
  if (parts.port.empty()) return true;
  const std::optional<std::uint64_t> port = parse_int(parts.port);
  return port && *port <= 65535;
}

ParseError parse_target(std::string_view method, std::string_view target, TargetParts& parts) {
  // RFC 9112 section 3.2.3: the authority form belongs to CONNECT, and CONNECT to proxies.
  if (method == "CONNECT") return ParseError::connect_unsupported;
  if (target.starts_with('/')) {
    split_query(target, parts);
    return no_error;
  }
  if (target == "*" && method == "OPTIONS") {
    parts.path = target;
    return no_error;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (starts_with_ignoring_case(target, scheme)) {
      return parse_absolute(method, target.substr(scheme.size()), parts);
    }
  }
  return ParseError::bad_target;
}

}  // namespace funnel::http
