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
asio::ip::tcp::endpoint to_endpoint(const Address& address);

/// Returns listening sockets, one for each address (`tornado.netutil.bind_sockets`); throws
/// `std::system_error` with the address in its message.
std::vector<TcpAcceptor> bind_sockets(asio::io_context& context, std::uint16_t port,
                                      const std::string& address, int backlog, bool reuse_port);

}  // namespace funnel::detail
