#include <funnel/tcpserver.h>

#include <doctest/doctest.h>

#include <funnel/error.h>
#include <funnel/gen.h>
#include <funnel/ioloop.h>
#include <funnel/tcpclient.h>
#include <funnel/testing.h>

#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "../../support/raw_socket.h"
#include "tcpserver_support.h"

using namespace funnel;
using namespace net_tests;
using test_support::RawSocket;

namespace {

Task<> hold(IOStream stream, Address) {
  const std::string nothing = co_await stream.read_until_close();
}

Task<std::string> read_all(IOStream* stream) { co_return co_await stream->read_until_close(); }

rlim_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace

TEST_SUITE("net.tcpserver") {
  TEST_CASE("port 0 is any free port, the same for all addresses") {
    IOLoop loop;
    TCPServer server(echo_once);
    CHECK(server.port() == 0);
    server.listen(0);
    REQUIRE(server.port() != 0);
    const std::vector<Address> addresses = server.addresses();
    for (const Address& address : addresses) CHECK(address.port == server.port());
    CHECK(addresses[0].ip == "0.0.0.0");
    if (has_ipv6(server)) CHECK(addresses[1].ip == "::");
    CHECK(converse(loop, server) == "hello\n");
    if (has_ipv6(server)) CHECK(converse(loop, server, true) == "hello\n");
  }

  TEST_CASE("a server may listen on several ports") {
    IOLoop loop;
    TCPServer server(echo_once);
    server.listen(0, "127.0.0.1");
    const std::uint16_t first = server.port();
    server.listen(0, "127.0.0.1");
    REQUIRE(server.addresses().size() == 2);
    CHECK(server.port() == first);
    CHECK(server.addresses()[1].port != first);
    CHECK(server.addresses()[1].to_string() ==
          "127.0.0.1:" + std::to_string(server.addresses()[1].port));
  }

  TEST_CASE("an address in use is an error that names it") {
    IOLoop loop;
    TCPServer first(echo_once);
    first.listen(0, "127.0.0.1");
    const std::string address = "127.0.0.1:" + std::to_string(first.port());
    TCPServer second(echo_once);
    try {
      second.listen(first.port(), "127.0.0.1");
      FAIL("two servers listen on one port");
    } catch (const std::system_error& error) {
      CHECK(error.code() == std::errc::address_in_use);
      CHECK(std::string(error.what()).find(address) != std::string::npos);
    }
    CHECK(second.addresses().empty());
    CHECK(converse(loop, first) == "hello\n");
  }

  TEST_CASE("an address of another machine is an error that names it") {
    IOLoop loop;
    TCPServer server(echo_once);
    CHECK_THROWS_WITH_AS(server.listen(0, "192.0.2.1"),
                         "cannot listen on 192.0.2.1:0: Cannot assign requested address",
                         std::system_error);
  }

  TEST_CASE("what is no numeric address is refused with its text") {
    IOLoop loop;
    TCPServer server(echo_once);
    for (const char* address : {"localhost", "127.0.0.1.1", "::1]", "1.2.3.4 "}) {
      CHECK_THROWS_WITH_AS(server.listen(0, address),
                           ("'" + std::string(address) + "' is not a numeric address").c_str(),
                           std::invalid_argument);
    }
  }

  TEST_CASE("two servers share a port if both want to") {
    IOLoop loop;
    ListenOptions options;
    options.reuse_port = true;
    TCPServer first(echo_once);
    first.listen(0, "127.0.0.1", options);
    TCPServer second(echo_once);
    second.listen(first.port(), "127.0.0.1", options);
    CHECK(second.port() == first.port());
  }

  TEST_CASE("the handler learns the peer's address") {
    IOLoop loop;
    std::vector<Address> peers;
    TCPServer server([&peers](IOStream, const Address& peer) -> Task<> {
      peers.push_back(peer);
      return {};
    });
    server.listen(0);
    const RawSocket client = RawSocket::connect_to(server.port());
    REQUIRE(run_until(loop, [&] { return !peers.empty(); }));
    CHECK(peers[0].ip == "127.0.0.1");
    CHECK(peers[0].port == client.port());
    CHECK(client.receive_all().empty());
    if (has_ipv6(server)) {
      const RawSocket six = RawSocket::connect_to(server.port(), true);
      REQUIRE(run_until(loop, [&] { return peers.size() == 2; }));
      CHECK(peers[1].ip == "::1");
    }
  }

  TEST_CASE("a handler that throws at once, for a connection that waited, loses no other") {
    testing::LogCapture log;
    IOLoop loop;
    int count = 0;
    TCPServer server(
        [&count](IOStream stream, Address peer) {
          if (++count == 2) throw std::runtime_error("thrown at once");
          return echo_once(std::move(stream), std::move(peer));
        },
        1);
    server.listen(0, "127.0.0.1");
    server.listen(0, "127.0.0.1");
    const std::uint16_t other = server.addresses()[1].port;
    const RawSocket a = RawSocket::connect_to(server.port());
    REQUIRE(run_until(loop, [&] { return server.connections() == 1; }));
    const RawSocket b = RawSocket::connect_to(other);
    testing::run_ready(loop);  // accepted, but there is no room
    a.send("a\n");
    REQUIRE(run_until(loop, [&] { return count == 2; }));
    CHECK(b.receive_all().empty());

    const RawSocket c = RawSocket::connect_to(server.port());
    REQUIRE(run_until(loop, [&] { return server.connections() == 1; }));
    const RawSocket d = RawSocket::connect_to(other);
    const RawSocket e = RawSocket::connect_to(other);
    testing::run_ready(loop);
    for (const RawSocket* client : {&c, &d, &e}) client->send("hello\n");
    CHECK(run_until(loop, [&] { return count == 5 && server.connections() == 0; }));
    for (const RawSocket* client : {&c, &d, &e}) CHECK(client->receive_all() == "hello\n");
  }

  TEST_CASE("more connections than allowed wait until one ends") {
    IOLoop loop;
    TCPServer server(hold, 2);
    server.listen(0);
    std::vector<RawSocket> clients;
    clients.reserve(6);
    for (int i = 0; i < 6; ++i) {
      clients.push_back(RawSocket::connect_to(server.port(), has_ipv6(server) && i % 2 == 0));
    }
    REQUIRE(run_until(loop, [&] { return server.connections() == 2; }));
    loop.run_sync(pause(20ms));
    CHECK(server.connections() == 2);
    // Each that ends makes room for one; those that wait come too, in whatever order.
    std::size_t most = 0;
    for (RawSocket& client : clients) {
      client.close();
      for (int i = 0; i < 10; ++i) {
        loop.run_sync(pause(1ms));
        most = std::max(most, server.connections());
      }
    }
    CHECK(most == 2);
    CHECK(run_until(loop, [&] { return server.connections() == 0; }));
    const RawSocket late = RawSocket::connect_to(server.port());
    CHECK(run_until(loop, [&] { return server.connections() == 1; }));
  }

  TEST_CASE("an exception in a handler is logged, ends its connection, and no other") {
    testing::LogCapture log;
    IOLoop loop;
    int count = 0;
    TCPServer server([&count](IOStream stream, Address peer) -> Task<> {
      if (++count % 3 == 1) throw std::runtime_error("thrown at once");
      if (count % 3 == 2) {
        return [](IOStream s) -> Task<> {
          const std::string line = co_await s.read_until("\n");
          throw std::runtime_error("thrown later: " + line);
        }(std::move(stream));
      }
      return echo_once(std::move(stream), std::move(peer));
    });
    server.listen(0, "127.0.0.1");
    const RawSocket at_once = RawSocket::connect_to(server.port());
    const RawSocket later = RawSocket::connect_to(server.port());
    const RawSocket good = RawSocket::connect_to(server.port());
    later.send("x\n");
    good.send("hello\n");
    CHECK(run_until(loop, [&] { return count == 3 && server.connections() == 0; }));
    CHECK(at_once.receive_all().empty());
    CHECK(later.receive_all().empty());
    CHECK(good.receive_all() == "hello\n");
    CHECK(log.contains("thrown at once"));
    CHECK(log.contains("thrown later: x"));
    CHECK(log.size() == 2);
  }

  TEST_CASE("an exception for a stream that came from elsewhere is logged too") {
    testing::LogCapture log;
    IOLoop loop;
    TCPServer server([](IOStream, const Address&) -> Task<> { throw std::runtime_error("no"); });
    auto [a, b] = testing::memory_stream_pair();
    server.handle_stream(std::move(b), Address());
    CHECK(log.contains("no"));
    CHECK(server.connections() == 0);
  }

  TEST_CASE("a stream may be handed over by a coroutine, and above the most connections") {
    IOLoop loop;
    TCPServer server(echo_once, 1);
    auto [a, b] = testing::memory_stream_pair();
    auto [c, d] = testing::memory_stream_pair();
    const auto hand_over = [](TCPServer* to, IOStream first, IOStream second) -> Task<> {
      to->handle_stream(std::move(first), Address());
      to->handle_stream(std::move(second), Address());
      co_return;
    };
    loop.run_sync(hand_over(&server, std::move(b), std::move(d)));
    CHECK(server.connections() == 2);
    (void)a.write("to b\n");
    (void)c.write("to d\n");
    testing::run_ready(loop);
    CHECK(server.connections() == 0);
    CHECK(loop.run_sync(read_all(&a)) == "to b\n");
    CHECK(loop.run_sync(read_all(&c)) == "to d\n");
  }

  TEST_CASE("a server that stops keeps its connections, and takes no new ones") {
    IOLoop loop;
    TCPServer server(echo_once);
    server.listen(0, "127.0.0.1");
    const std::uint16_t port = server.port();
    const RawSocket client = RawSocket::connect_to(port);
    REQUIRE(run_until(loop, [&] { return server.connections() == 1; }));
    server.stop();
    server.stop();
    CHECK(server.port() == 0);
    CHECK_THROWS_AS(RawSocket::connect_to(port), std::system_error);
    client.send("hello\n");
    CHECK(run_until(loop, [&] { return server.connections() == 0; }));
    CHECK(client.receive_all() == "hello\n");
    server.listen(0, "127.0.0.1");
    CHECK(converse(loop, server) == "hello\n");
  }

  TEST_CASE("a handler may stop the server") {
    IOLoop loop;
    TCPServer* self = nullptr;
    int count = 0;
    TCPServer server([&](IOStream, const Address&) -> Task<> {
      if (++count == 2) self->stop();
      return {};
    });
    self = &server;
    server.listen(0);
    // While the second handler runs, the other listener has accepted a third connection.
    const RawSocket first = RawSocket::connect_to(server.port());
    const RawSocket third = RawSocket::connect_to(server.port());
    const RawSocket second = RawSocket::connect_to(server.port(), has_ipv6(server));
    CHECK(run_until(loop, [&] { return server.port() == 0; }));
    loop.run_sync(pause(5ms));
    CHECK(count == 2);
  }

  TEST_CASE("a server that is destroyed closes its connections") {
    IOLoop loop;
    auto server = std::make_unique<TCPServer>(hold);
    server->listen(0, "127.0.0.1");
    std::vector<RawSocket> clients;
    clients.reserve(5);
    for (int i = 0; i < 5; ++i) clients.push_back(RawSocket::connect_to(server->port()));
    REQUIRE(run_until(loop, [&] { return server->connections() == 5; }));
    server.reset();
    for (const RawSocket& client : clients) CHECK(client.receive_all().empty());
    testing::run_ready(loop);
  }

  TEST_CASE("cancelling the connections ends what they wait for") {
    testing::LogCapture log;
    IOLoop loop;
    TCPServer server(hold);
    server.listen(0, "127.0.0.1");
    const RawSocket client = RawSocket::connect_to(server.port());
    REQUIRE(run_until(loop, [&] { return server.connections() == 1; }));
    server.cancel_connections();
    CHECK(run_until(loop, [&] { return server.connections() == 0; }));
    CHECK(client.receive_all().empty());
    CHECK(log.empty());  // no failure: it was asked for
  }

  TEST_CASE("connections that come after the others were cancelled are served, and can be too") {
    testing::LogCapture log;
    IOLoop loop;
    TCPServer server(echo_once);
    server.listen(0, "127.0.0.1");
    for (int i = 0; i < 3; ++i) {
      server.cancel_connections();
      CHECK(converse(loop, server) == "hello\n");
      const RawSocket client = RawSocket::connect_to(server.port());
      REQUIRE(run_until(loop, [&] { return server.connections() == 1; }));
      server.cancel_connections();
      CHECK(run_until(loop, [&] { return server.connections() == 0; }));
      CHECK(client.receive_all().empty());
    }
    CHECK(log.empty());
  }

  TEST_CASE("a thousand connections at the same time are all served") {
    if (raise_descriptor_limit() < 2200) {
      MESSAGE("skipped: the descriptor limit is too low");
      return;
    }
    IOLoop loop;
    TCPServer server(echo_once);
    server.listen(0, "127.0.0.1");
    std::vector<RawSocket> clients;
    for (int i = 0; i < 1000; ++i) {
      clients.push_back(RawSocket::connect_to(server.port()));
      if (i % 100 == 99) testing::run_ready(loop);
    }
    REQUIRE(run_until(loop, [&] { return server.connections() == 1000; }));
    for (int i = 0; i < 1000; ++i)
      clients[static_cast<std::size_t>(i)].send(std::to_string(i) + "\n");
    REQUIRE(run_until(loop, [&] { return server.connections() == 0; }));
    int right = 0;
    for (int i = 0; i < 1000; ++i) {
      if (clients[static_cast<std::size_t>(i)].receive_all() == std::to_string(i) + "\n") ++right;
    }
    CHECK(right == 1000);
  }

  TEST_CASE("a thousand connections one after the other leave nothing behind") {
    IOLoop loop;
    TCPServer server(echo_once);
    server.listen(0, "127.0.0.1");
    int served = 0;
    const int before = test_support::open_descriptors();
    for (int i = 0; i < 1000; ++i) {
      if (converse(loop, server) == "hello\n") ++served;
    }
    CHECK(served == 1000);
    CHECK(test_support::open_descriptors() == before);
  }

  TEST_CASE("connections that were reset before they were accepted do no harm") {
    IOLoop loop;
    TCPServer server(echo_once);
    server.listen(0, "127.0.0.1");
    for (int i = 0; i < 20; ++i) RawSocket::connect_to(server.port()).reset();
    CHECK(converse(loop, server) == "hello\n");
  }
}
