#include <funnel/socket.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "addresses.h"

// A socket is one end of a connection, or the place where clients come in. The kernel keeps it; we
// hold a small number, the descriptor. Whoever forgets to close it *leaks* it: the peer waits for
// ever, and after a thousand or so the process gets no more. Whoever closes it twice closes a
// stranger's: the kernel gives a free number to the next one who asks, on any thread.

namespace funnel {

namespace {

/// Throws the error of a system call, as it was in `errno`: a number, which anything that is called
/// later may change, so it is taken at once.
[[noreturn]] void throw_system_error(int error, const char* what, const std::string& where) {
  throw std::system_error(error, std::generic_category(), fmt::format("{} {}", what, where));
}

/// Tells whether `accept` failed because of the client, which has gone while it was queued, and not
/// because of us. Linux hands over network errors of the new connection here, too.
bool is_clients_fault(int error) noexcept {
  switch (error) {
    case ECONNABORTED:
    case EPROTO:
    case EPERM:  // a firewall's answer
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

Socket::Socket(int fd) noexcept : fd_(fd) {}

Socket::Socket(Socket&& other) noexcept { *this = std::move(other); }

// #region ownership
Socket& Socket::operator=(Socket&& other) noexcept {
  // #region task 1.1
  if (this == &other) return *this;
  close();  // or what we had would be lost, and stay open for ever
  // `exchange` returns the old value and leaves a new one: two owners of a descriptor would
  // close it twice.
  fd_ = std::exchange(other.fd_, -1);
  received_ = std::exchange(other.received_, {});
  deadline_ = std::exchange(other.deadline_, {});
  return *this;
  // #endregion task 1.1
}

Socket::~Socket() {
  // #region task 1.1
  close();
  // #endregion task 1.1
}

void Socket::close() noexcept {
  // #region task 1.1
  received_.clear();
  const int fd = std::exchange(fd_, -1);
  // `close` may fail, with EINTR too, but it has given the number back by then: a second
  // try could close what another thread has just opened.
  if (fd >= 0) ::close(fd);
  // #endregion task 1.1
}

// #endregion ownership

void Socket::shutdown() noexcept {
  // #region task 1.1
  // Closing would not do for another thread: one that is blocked in `recv` would stay there, and
  // its descriptor would be somebody else's soon.
  if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  // #endregion task 1.1
}

Socket listen_tcp(std::uint16_t port, const std::string& address) {
  // #region task 1.1
  const detail::SocketAddress endpoint = detail::numeric_address(address, port);
  const std::string where = detail::host_and_port(address, port);
  // Owned from the first moment: each `throw` below closes it. CLOEXEC: programs that this
  // process starts do not get a copy of it, which would keep the port taken.
  Socket listener(::socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!listener.is_open()) throw_system_error(errno, "cannot listen on", where);
  // A port whose last connections have just been closed would count as taken for a minute.
  const int on = 1;
  ::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // `bind` takes the port. From `listen` on the kernel accepts connections by itself and queues
  // them, SOMAXCONN at most, until somebody asks for them with `accept`.
  if (::bind(listener.fd(), endpoint.get(), endpoint.size()) != 0 ||
      ::listen(listener.fd(), SOMAXCONN) != 0) {
    throw_system_error(errno, "cannot listen on", where);
  }
  return listener;
  // #endregion task 1.1
}

std::uint16_t local_port(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw_system_error(errno, "cannot tell the port of", "a socket");
  }
  // Numbers travel with the highest byte first ("network order"); `ntohs` turns them round where
  // this machine has them the other way.
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                   : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

Socket accept(Socket& listener) {
  // #region task 1.1
  for (;;) {
    const int fd = listener.limit_wait(SO_RCVTIMEO)
                       ? ::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC)
                       : -1;
    if (fd >= 0) {
      Socket client(fd);
      client.set_deadline(std::nullopt);  // on Linux it has inherited the listener's time limit
      return client;
    }
    // EINTR: a signal came while we waited. Nothing else has happened, so we wait again.
    if (errno == EINTR || is_clients_fault(errno)) continue;
    if (errno == EAGAIN) throw TimeoutError("no client came in time");
    // What accept says once `shutdown` was called: this socket does not listen any more.
    if (errno == EINVAL) throw StreamClosedError();
    throw_system_error(errno, "cannot accept", "a client");
  }
  // #endregion task 1.1
}

namespace {

/// Connects `socket`. Returns 0, or the error that the system gave.
int try_to_connect(const Socket& socket, const detail::SocketAddress& address) {
  // #region task 1.1
  for (;;) {
    const int result =
        socket.limit_wait(SO_SNDTIMEO) ? ::connect(socket.fd(), address.get(), address.size()) : -1;
    if (result == 0) return 0;
    // A call that was interrupted goes on by itself; on Linux the same call waits for the rest.
    if (errno != EINTR) return errno;
  }
  // #endregion task 1.1
}

}  // namespace

Socket connect_tcp(const std::string& host, std::uint16_t port,
                   std::optional<Socket::TimePoint> deadline) {
  // #region task 1.1
  const std::string where = detail::host_and_port(host, port);
  int error = 0;
  for (const detail::SocketAddress& address : detail::find_addresses(host, port)) {
    // After an attempt that failed, a socket is of no use: each address gets one of its own.
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
  // #endregion task 1.1
}

}  // namespace funnel
