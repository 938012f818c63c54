#pragma once

#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

/// @file
/// The TCP sockets that this process has open: what a stream or a server keeps to itself.

namespace net_tests {

/// Returns the port at this end of a TCP socket, or -1 for any other descriptor.
inline int local_port(int fd) {
  sockaddr_in6 address{};  // the port stands at the same place for both families
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return -1;
  const bool tcp = address.sin6_family == AF_INET || address.sin6_family == AF_INET6;
  return tcp ? ntohs(address.sin6_port) : -1;
}

inline std::vector<int> tcp_sockets() {
  std::vector<int> result;
  DIR* directory = ::opendir("/proc/self/fd");
  if (directory == nullptr) return result;
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (local_port(fd) >= 0) result.push_back(fd);
  }
  ::closedir(directory);
  return result;
}

/// Returns the sockets that were opened since `before` was taken.
inline std::vector<int> tcp_sockets_since(const std::vector<int>& before) {
  std::vector<int> result = tcp_sockets();
  std::erase_if(result, [&](int fd) { return std::ranges::find(before, fd) != before.end(); });
  return result;
}

/// Returns an option of a socket that is a number.
inline int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(fd, level, name, &value, &size);
  return value;
}

}  // namespace net_tests
