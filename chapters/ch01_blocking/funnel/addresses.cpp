#include "addresses.h"

#include <netdb.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

namespace funnel::detail {

namespace {

/// `getaddrinfo` has error numbers of its own, which differ from those of `errno`.
class ResolveCategory final : public std::error_category {
 public:
  const char* name() const noexcept override { return "funnel.resolve"; }
  std::string message(int code) const override { return ::gai_strerror(code); }
};

const std::error_category& resolve_category() noexcept {
  static const ResolveCategory category;
  return category;
}

/// Asks the system. Returns 0, and adds what it found to `addresses`, or an error of `getaddrinfo`.
int look_up(const std::string& host, std::uint16_t port, int flags,
            std::vector<SocketAddress>& addresses) {
  // A C string ends at its first NUL; the rest must not be ignored silently.
  if (host.empty() || host.find('\0') != std::string::npos) return EAI_NONAME;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;  // IPv4 and IPv6
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) return error;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    addresses.emplace_back(entry->ai_addr, entry->ai_addrlen);
  }
  return addresses.empty() ? EAI_NONAME : 0;
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size) noexcept : size_(size) {
  std::memcpy(&storage_, address, size);
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return is_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

SocketAddress numeric_address(const std::string& address, std::uint16_t port) {
  std::vector<SocketAddress> found;
  if (look_up(address, port, AI_NUMERICHOST, found) != 0) {
    throw std::invalid_argument(fmt::format("'{}' is not a numeric address", address));
  }
  return found.front();
}

std::vector<SocketAddress> find_addresses(const std::string& host, std::uint16_t port) {
  std::vector<SocketAddress> found;
  // A numeric address needs no lookup. ADDRCONFIG is for names: it leaves out IPv6 (or IPv4) where
  // this machine has only a loopback address of that kind, and so it would leave out ::1.
  if (look_up(host, port, AI_NUMERICHOST, found) == 0) return found;
  const int error = look_up(host, port, AI_ADDRCONFIG, found);
  if (error != 0) {
    throw std::system_error(error, resolve_category(), fmt::format("cannot resolve {}", host));
  }
  return found;
}

}  // namespace funnel::detail
