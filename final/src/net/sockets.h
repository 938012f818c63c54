#pragma once

#include "core/asio.h"

#include <funnel/netutil.h>

#include <asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace funnel::detail {

using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;

Address to_address(const asio::ip::tcp::endpoint& endpoint);
/// Throws `std::invalid_argument` if the address is not numeric.
asio::ip::tcp::endpoint to_endpoint(const Address& address);

/// Returns listening sockets, one for each address (`tornado.netutil.bind_sockets`); throws
/// `std::system_error` with the address in its message.
std::vector<TcpAcceptor> bind_sockets(asio::io_context& context, std::uint16_t port,
                                      const std::string& address, int backlog, bool reuse_port);

/// Keeps `fd` from the programs that this process starts. Asio 1.22 cannot ask for that when it
/// makes a socket, so a program that another thread starts in between has it all the same.
void close_on_exec(int fd) noexcept;

/// Tells whether the other side of `fd` has ended or reset the connection; asks the system.
bool peer_has_gone(int fd) noexcept;
/// Tells whether a read of `fd` would return at once; asks the system.
bool has_input(int fd) noexcept;

}  // namespace funnel::detail
