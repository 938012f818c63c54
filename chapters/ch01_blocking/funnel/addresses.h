#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

/// @file
/// Internet addresses in the form that the system calls want. Given, for tcp.cpp.

namespace funnel::detail {

/// An IPv4 or IPv6 address and a port. The system calls take both kinds as a pointer to `sockaddr`,
/// a base class in the style of C, whose first member tells the real type.
class SocketAddress {
 public:
  SocketAddress(const sockaddr* address, socklen_t size) noexcept;

  int family() const noexcept { return storage_.ss_family; }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_;
};

/// Returns `localhost:80` or `[::1]:80`.
std::string host_and_port(const std::string& host, std::uint16_t port);

/// Returns a numeric address; throws `std::invalid_argument` for anything else.
SocketAddress numeric_address(const std::string& address, std::uint16_t port);

/// Returns the addresses of `host`, a name or a numeric address: at least one, best first. Asks the
/// name servers if need be, and waits for them. Throws `std::system_error` if there is no address.
std::vector<SocketAddress> find_addresses(const std::string& host, std::uint16_t port);

}  // namespace funnel::detail
