#include "tcp_sockets.h"

#include <doctest/doctest.h>

#include <funnel/ioloop.h>
#include <funnel/tcpclient.h>
#include <funnel/tcpserver.h>
#include <funnel/testing.h>

#include <fcntl.h>
#include <netinet/tcp.h>

#include <string>
#include <utility>
#include <vector>

#include "../../support/raw_socket.h"
#include "../../support/time_scale.h"
#include "../core/support.h"
#include "streams.h"
#include "tcpserver_support.h"

using namespace funnel;
using namespace net_tests;
using core_tests::Started;
using test_support::HangingPort;
using test_support::RawSocket;
using test_support::time_limit;

namespace {

std::vector<int> nodelay(const std::vector<int>& sockets) {
  std::vector<int> values;
  values.reserve(sockets.size());
  for (const int fd : sockets) values.push_back(option_of(fd, IPPROTO_TCP, TCP_NODELAY));
  return values;
}

bool all_close_on_exec(const std::vector<int>& sockets) {
  return std::ranges::all_of(sockets, [](int fd) { return ::fcntl(fd, F_GETFD) == FD_CLOEXEC; });
}

Task<> connect(std::uint16_t port) {
  TCPClient client;
  const IOStream stream = co_await client.connect("127.0.0.1", port);
}

/// The most connections that may wait for being accepted, as the system keeps it.
int backlog_of(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
  return static_cast<int>(info.tcpi_sacked);  // of a listening socket: its backlog
}

}  // namespace

TEST_SUITE("net.tcp_sockets") {
  TEST_CASE("Nagle's algorithm is off at both ends, and can be switched") {
    const std::vector<int> before = tcp_sockets();
    Pair pair(Kind::tcp);
    const std::vector<int> ends = tcp_sockets_since(before);
    CHECK(nodelay(ends) == std::vector<int>{1, 1});
    pair.a.set_nodelay(false);
    pair.b.set_nodelay(false);
    CHECK(nodelay(ends) == std::vector<int>{0, 0});
    pair.a.set_nodelay(true);
    pair.b.set_nodelay(true);
    CHECK(nodelay(ends) == std::vector<int>{1, 1});
  }

  TEST_CASE("programs that are started get no socket: listening, accepted or waiting") {
    const std::vector<int> before = tcp_sockets();
    IOLoop loop;
    TCPServer server(echo_once, 1);
    server.listen(0, "127.0.0.1");
    server.listen(0, "127.0.0.1");
    CHECK(tcp_sockets_since(before).size() == 2);
    const RawSocket served = RawSocket::connect_to(server.port());
    REQUIRE(run_until(loop, [&] { return server.connections() == 1; }));
    const RawSocket waiting = RawSocket::connect_to(server.addresses()[1].port);
    REQUIRE(run_until(loop, [&] { return tcp_sockets_since(before).size() == 6; }));
    CHECK(all_close_on_exec(tcp_sockets_since(before)));
  }

  TEST_CASE("programs that are started get no socket: connecting or connected") {
    IOLoop loop;
    const HangingPort hanging;
    std::vector<int> before = tcp_sockets();
    Started attempt(connect(hanging.port()));
    testing::run_ready(loop);
    CHECK(tcp_sockets_since(before).size() == 1);
    CHECK(all_close_on_exec(tcp_sockets_since(before)));
    attempt.destroy();

    const RawSocket server = RawSocket::listen_anywhere();
    before = tcp_sockets();
    TCPClient client;
    const IOStream stream =
        loop.run_sync(client.connect("127.0.0.1", server.port()), time_limit(10s));
    CHECK(tcp_sockets_since(before).size() == 1);
    CHECK(all_close_on_exec(tcp_sockets_since(before)));
  }

  TEST_CASE("a server listens with the backlog that it was given") {
    const std::vector<int> before = tcp_sockets();
    IOLoop loop;
    TCPServer server(echo_once);
    ListenOptions options;
    options.backlog = 7;
    server.listen(0, "127.0.0.1", options);
    const std::vector<int> sockets = tcp_sockets_since(before);
    REQUIRE(sockets.size() == 1);
    CHECK(backlog_of(sockets[0]) == 7);
  }

  TEST_CASE("a server's streams have the limits that it was given") {
    IOLoop loop;
    std::string result;
    IOStreamOptions options;
    options.max_buffer_size = 1000;
    const auto read = [](IOStream stream, std::string* into) -> Task<> {
      co_await read_into(stream.read_bytes(2000), into);
    };
    TCPServer server(
        [&](IOStream stream, const Address&) { return read(std::move(stream), &result); }, 0,
        options);
    server.listen(0, "127.0.0.1");
    const RawSocket client = RawSocket::connect_to(server.port());
    client.send(std::string(2000, 'x'));
    CHECK(run_until(loop, [&] { return result == "full"; }));
  }
}
