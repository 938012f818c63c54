#pragma once

#include <funnel/task.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace funnel {

/// A numeric IP address and a port.
class Address {
 public:
  Address() = default;
  Address(std::string ip_text, std::uint16_t port_number)
      : ip(std::move(ip_text)), port(port_number) {}

  bool is_ipv6() const noexcept { return ip.find(':') != std::string::npos; }
  /// Returns `127.0.0.1:80` or `[::1]:80`.
  std::string to_string() const;

  std::string ip;
  std::uint16_t port = 0;
};

/// Tells whether `text` is a numeric IPv4 or IPv6 address and nothing else
/// (`tornado.netutil.is_valid_ip`). A link-local IPv6 address may name its interface:
/// `fe80::1%eth0`. Any thread.
bool is_valid_ip(std::string_view text) noexcept;

/// Finds the addresses of host names (`tornado.netutil.Resolver`).
///
/// A resolver of one's own serves the loop of the thread that awaits it, and several at the same
/// time only if it says so.
class Resolver {
 public:
  Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  virtual ~Resolver() = default;

  /// Returns the numeric addresses of `host`, best first, at least one. Throws
  /// `std::system_error` if there are none. The resolver must outlive the task. A cancelled
  /// wait leaves the look-up to its own fate: the system's function cannot be interrupted.
  virtual Task<std::vector<Address>> resolve(std::string host, std::uint16_t port) = 0;
};

/// Returns the process's resolver: the system's `getaddrinfo` on at most ten threads, which
/// exist from the first name that is not numeric, and which the exit does not wait for. Lives to
/// the very end of the process. Any thread, and several loops at a time.
Resolver& default_resolver();

/// Resolves some names by itself and leaves the others to another resolver
/// (`tornado.netutil.OverrideResolver`). Several loops may share it if they may share the other.
class OverrideResolver final : public Resolver {
 public:
  /// The addresses are numeric; port 0 is the port that is asked for. A name without addresses
  /// does not exist. `fallback` must outlive the resolver.
  explicit OverrideResolver(std::map<std::string, std::vector<Address>> names,
                            Resolver& fallback = default_resolver());
  Task<std::vector<Address>> resolve(std::string host, std::uint16_t port) override;

 private:
  std::map<std::string, std::vector<Address>> names_;
  Resolver& fallback_;
};

}  // namespace funnel
