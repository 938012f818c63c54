#include <funnel/socket.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "addresses.h"

// How a connection comes to be. A server takes a port with `bind`. From `listen` on the kernel
// accepts connections by itself and queues them; `accept` takes one out of the queue. A client asks
// with `connect`.

namespace funnel {

namespace {

/// Throws the error of a system call. It was in `errno`, which any later call may change, so the
/// caller passes it along at once.
[[noreturn]] void throw_system_error(int error, const char* what, const std::string& where) {
  throw std::system_error(error, std::generic_category(), fmt::format("{} {}", what, where));
}

/// Tells whether `accept` failed because the client disconnected while it was queued. Linux reports
/// network errors of the new connection here, too.
bool is_clients_fault(int error) noexcept {
  switch (error) {
    case ECONNABORTED:
    case EPROTO:
    case EPERM:  // a firewall refused it
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Socket listen_tcp(std::uint16_t port, const std::string& address) {
  // #region task 1.2
  const detail::SocketAddress endpoint = detail::numeric_address(address, port);
  const std::string where = detail::host_and_port(address, port);
  // Owned from the first moment, so each `throw` below closes it. CLOEXEC: programs that this
  // process starts do not inherit it, which would keep the port taken.
  Socket listener(::socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.is_open()) throw_system_error(errno, "cannot listen on", where);
  // Without this, a port whose last connections have just closed counts as taken for a minute.
  const int on = 1;
  ::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener.fd(), endpoint.get(), endpoint.size()) != 0 ||
      ::listen(listener.fd(), SOMAXCONN) != 0) {
    throw_system_error(errno, "cannot listen on", where);
  }
  return listener;
  // #endregion task 1.2
}

std::uint16_t local_port(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw_system_error(errno, "cannot tell the port of", "a socket");
  }
  // Numbers travel with their highest byte first ("network order"); `ntohs` turns them into this
  // machine's order.
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

Socket accept(Socket& listener) {
  // #region task 1.2
  for (;;) {
    const int fd = listener.limit_wait(SO_RCVTIMEO)
                       ? ::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC)
                       : -1;
    if (fd >= 0) {
      Socket client(fd);
      client.set_deadline(std::nullopt);  // on Linux it inherits the listener's time limit
      return client;
    }
    // EINTR: a signal came while we waited. Nothing else happened, so we wait again.
    if (errno == EINTR || is_clients_fault(errno)) continue;
    if (errno == EAGAIN) throw TimeoutError("no client came in time");
    // What `accept` says after `shutdown`: this socket no longer listens.
    if (errno == EINVAL) throw StreamClosedError();
    throw_system_error(errno, "cannot accept", "a client");
  }
  // #endregion task 1.2
}

namespace {

/// Connects `socket` to `address`, waiting until the socket's deadline if it has one. Returns 0 or
/// the error that the system gave; a signal is not an error.
int try_to_connect(const Socket& socket, const detail::SocketAddress& address) {
  // #region task 1.2
  for (;;) {
    const int result =
        socket.limit_wait(SO_SNDTIMEO) ? ::connect(socket.fd(), address.get(), address.size()) : -1;
    if (result == 0) return 0;
    // An interrupted `connect` goes on by itself; on Linux the same call waits for the rest of it.
    if (errno != EINTR) return errno;
  }
  // #endregion task 1.2
}

}  // namespace

Socket connect_tcp(const std::string& host, std::uint16_t port,
                   std::optional<Socket::TimePoint> deadline) {
  // #region task 1.2
  const std::string where = detail::host_and_port(host, port);
  int error = 0;
  for (const detail::SocketAddress& address : detail::find_addresses(host, port)) {
    // A socket whose `connect` failed cannot be used again: each address gets a new one.
    Socket socket(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) {
      error = errno;  // this machine may have no IPv6, for example
      continue;
    }
    socket.set_deadline(deadline);
    error = try_to_connect(socket, address);
    if (error == 0) {
      socket.set_deadline(std::nullopt);
      return socket;
    }
    // What `connect` says when its time is over: it goes on, but we do not wait for it. EALREADY
    // comes from the call that follows an interrupted one.
    if (error == EINPROGRESS || error == EALREADY || error == EAGAIN) {
      throw TimeoutError(fmt::format("cannot connect to {} in time", where));
    }
  }
  throw_system_error(error, "cannot connect to", where);
  // #endregion task 1.2
}

}  // namespace funnel
