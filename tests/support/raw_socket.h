#pragma once

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

/// @file
/// Blocking sockets for tests: plain POSIX, so that what is tested does not test itself.

namespace test_support {

/// A TCP socket on the loopback interface. Every wait ends after ten seconds.
class RawSocket {
 public:
  /// Connects to a port of 127.0.0.1 or, with `ipv6`, of ::1.
  static RawSocket connect_to(std::uint16_t port, bool ipv6 = false) {
    RawSocket result(ipv6 ? AF_INET6 : AF_INET);
    const SocketAddress address(port, ipv6);
    if (::connect(result.fd_, address.get(), address.size()) != 0) fail("connect");
    return result;
  }
  /// Listens on a free port of 127.0.0.1 or ::1.
  static RawSocket listen_anywhere(int backlog = 16, bool ipv6 = false) {
    RawSocket result(ipv6 ? AF_INET6 : AF_INET);
    const SocketAddress address(0, ipv6);
    if (::bind(result.fd_, address.get(), address.size()) != 0) fail("bind");
    if (::listen(result.fd_, backlog) != 0) fail("listen");
    return result;
  }

  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawSocket& operator=(RawSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~RawSocket() { close(); }

  int fd() const noexcept { return fd_; }
  std::uint16_t port() const {
    sockaddr_in6 address{};  // the port stands at the same place for both families
    socklen_t size = sizeof address;
    if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) fail("getsockname");
    return ntohs(address.sin6_port);
  }
  RawSocket accept() const {
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) fail("accept");
    return RawSocket(Descriptor{fd});
  }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) fail("send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// Receives once, `most` bytes or fewer; empty at the end.
  std::string receive(std::size_t most = 65536) const {
    std::array<char, 65536> block{};
    const ssize_t count = ::recv(fd_, block.data(), std::min(most, block.size()), 0);
    if (count < 0) fail("recv");
    return {block.data(), static_cast<std::size_t>(count)};
  }
  /// Tells whether `receive` would not wait.
  bool readable() const {
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, 0) > 0;
  }
  /// Receives up to the peer's end.
  std::string receive_all() const {
    std::string all;
    for (std::string block = receive(); !block.empty(); block = receive()) all += block;
    return all;
  }

  void shutdown_write() const { ::shutdown(fd_, SHUT_WR); }
  /// Closes with a reset instead of an end.
  void reset() {
    const linger option{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &option, sizeof option);
    close();
  }
  void close() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// Gives the descriptor away.
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  struct Descriptor {
    int fd;
  };

  class SocketAddress {
   public:
    SocketAddress(std::uint16_t port, bool ipv6) : ipv6_(ipv6) {
      v4_.sin_family = AF_INET;
      v4_.sin_port = htons(port);
      v4_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      v6_.sin6_family = AF_INET6;
      v6_.sin6_port = htons(port);
      v6_.sin6_addr = in6addr_loopback;
    }
    const sockaddr* get() const noexcept {
      return ipv6_ ? reinterpret_cast<const sockaddr*>(&v6_)
                   : reinterpret_cast<const sockaddr*>(&v4_);
    }
    socklen_t size() const noexcept { return ipv6_ ? sizeof v6_ : sizeof v4_; }

   private:
    bool ipv6_;
    sockaddr_in v4_{};
    sockaddr_in6 v6_{};
  };

  explicit RawSocket(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (fd_ < 0) fail("socket");
    limit_waits();
  }
  explicit RawSocket(Descriptor descriptor) : fd_(descriptor.fd) { limit_waits(); }

  void limit_waits() const {
    const timeval limit{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }
  [[noreturn]] static void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
  }

  int fd_;
};

/// A port of 127.0.0.1 whose connection attempts are neither accepted nor refused: its queue
/// is full and nobody empties it.
class HangingPort {
 public:
  HangingPort()
      : listener_(RawSocket::listen_anywhere(0)),
        queued_(RawSocket::connect_to(listener_.port())) {}
  std::uint16_t port() const { return listener_.port(); }

 private:
  RawSocket listener_;
  RawSocket queued_;
};

/// Returns a port of 127.0.0.1 at which nobody listens.
inline std::uint16_t refused_port() { return RawSocket::listen_anywhere().port(); }

/// Returns how many descriptors this process has open.
inline int open_descriptors() {
  int count = 0;
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return -1;
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count;
}

}  // namespace test_support
