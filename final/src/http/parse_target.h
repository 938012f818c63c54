#pragma once

#include <string_view>

#include "http/parse_status.h"

/// @file
/// Hosts and request targets.

namespace funnel::http {

/// The two parts of `host[:port]`, the brackets of an IPv6 address with the host.
struct HostPort {
  HostPort() = default;

  std::string_view host;
  std::string_view port;  ///< what follows the colon; empty when there is none
};

/// Splits at the colon that begins a port. False when brackets are not closed or something
/// else than a port follows them.
bool split_host_port(std::string_view text, HostPort& parts);

/// Tells whether a host is a name or IPv4 address, or an IPv6 address in brackets.
bool is_valid_host(std::string_view host);

/// Tells whether the text may be the value of `Host`: nothing at all, or a host with an
/// optional port (RFC 9110 section 7.2).
bool is_valid_host_header(std::string_view text);

/// What a request target names.
struct TargetParts {
  TargetParts() = default;

  std::string_view path;   ///< a view into the target, or the literal `/` or `*`
  std::string_view query;  ///< a view into the target
  std::string_view host;   ///< of an absolute target, else empty
};

/// Takes a target apart, whose bytes were checked; returns what is wrong with it, or
/// `no_error` (RFC 9112 section 3.2).
ParseError parse_target(std::string_view method, std::string_view target, TargetParts& parts);

}  // namespace funnel::http
