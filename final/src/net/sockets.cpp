#include "net/sockets.h"

#include <fmt/format.h>
#include <asio/ip/v6_only.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <stdexcept>

namespace funnel::detail {

namespace {

using asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

TcpAcceptor bind_one(asio::io_context& context, const tcp::endpoint& endpoint, int backlog,
                     bool reuse_port) {
  TcpAcceptor acceptor(context);
  acceptor.open(endpoint.protocol());
  close_on_exec(acceptor.native_handle());
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  if (reuse_port) acceptor.set_option(ReusePort(true));
  // Each family has a socket of its own, so that both can have the same port.
  if (endpoint.protocol() == tcp::v6()) acceptor.set_option(asio::ip::v6_only(true));
  acceptor.bind(endpoint);
  acceptor.listen(backlog);
  return acceptor;
}

TcpAcceptor bind_or_explain(asio::io_context& context, const tcp::endpoint& endpoint, int backlog,
                            bool reuse_port) {
  try {
    return bind_one(context, endpoint, backlog, reuse_port);
  } catch (const std::system_error& error) {
    throw std::system_error(standard_error(error.code()),
                            fmt::format("cannot listen on {}", to_address(endpoint).to_string()));
  }
}

bool no_ipv6(const std::error_code& error) noexcept {
  return error == std::errc::address_family_not_supported ||
         error == std::errc::address_not_available;
}

int events_of(int fd, short wanted) noexcept {
  pollfd asked{fd, wanted, 0};
  return ::poll(&asked, 1, 0) == 1 ? asked.revents : 0;
}

}  // namespace

Address to_address(const tcp::endpoint& endpoint) {
  return {endpoint.address().to_string(), endpoint.port()};
}

tcp::endpoint to_endpoint(const Address& address) {
  if (!is_valid_ip(address.ip)) {
    throw std::invalid_argument(fmt::format("'{}' is not a numeric address", address.ip));
  }
  return {asio::ip::make_address(address.ip), address.port};
}

std::vector<TcpAcceptor> bind_sockets(asio::io_context& context, std::uint16_t port,
                                      const std::string& address, int backlog, bool reuse_port) {
  std::vector<TcpAcceptor> acceptors;
  if (!address.empty()) {
    acceptors.push_back(
        bind_or_explain(context, to_endpoint({address, port}), backlog, reuse_port));
    return acceptors;
  }
  for (int tries_left = port == 0 ? 8 : 0;; --tries_left) {
    acceptors.push_back(bind_or_explain(context, {tcp::v4(), port}, backlog, reuse_port));
    const std::uint16_t bound = acceptors.front().local_endpoint().port();
    try {
      acceptors.push_back(bind_or_explain(context, {tcp::v6(), bound}, backlog, reuse_port));
      return acceptors;
    } catch (const std::system_error& error) {
      if (no_ipv6(error.code())) return acceptors;
      // The port that is free for IPv4 may be taken for IPv6: then any other will do.
      if (error.code() != std::errc::address_in_use || tries_left == 0) throw;
      acceptors.clear();
    }
  }
}

void close_on_exec(int fd) noexcept { ::fcntl(fd, F_SETFD, FD_CLOEXEC); }

bool peer_has_gone(int fd) noexcept {
  return (events_of(fd, POLLRDHUP) & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool has_input(int fd) noexcept { return events_of(fd, POLLIN) != 0; }

}  // namespace funnel::detail
