#include <funnel/tcpserver.h>

#include <doctest/doctest.h>

#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "../../support/raw_socket.h"
#include "../core/support.h"
#include "tcp_sockets.h"
#include "tcpserver_support.h"

using namespace funnel;
using namespace net_tests;
using test_support::RawSocket;

namespace {

void set_descriptor_limit(rlim_t count) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = count;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

rlim_t first_free_descriptor() {
  const int fd = ::dup(0);
  ::close(fd);
  return static_cast<rlim_t>(fd);
}

/// Returns 0 if a server that ran out of descriptors came to itself again.
int run_out_of_descriptors() {
  testing::LogCapture log;
  testing::ManualClock clock;
  IOLoop loop(clock);
  TCPServer server(echo_once);
  server.listen(0);
  std::vector<RawSocket> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(RawSocket::connect_to(server.port(), has_ipv6(server) && i % 2 == 0));
    clients.back().send("hello\n");
  }
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  for (int i = 0; i < 3; ++i) {  // logged once, however long it lasts
    set_descriptor_limit(first_free_descriptor());
    testing::run_ready(loop);
    clock.advance(100ms);
  }
  testing::run_ready(loop);
  if (server.connections() != 0) return 1;
  if (log.size() != 1) return 2;
  if (!log.contains("cannot accept connections for a moment: Too many open files")) return 3;
  set_descriptor_limit(before.rlim_cur);
  clock.advance(100ms);
  const auto served = [&] { return std::ranges::all_of(clients, &RawSocket::readable); };
  if (!run_until(loop, [&] { return served() && server.connections() == 0; })) return 4;
  for (const RawSocket& client : clients) {
    if (client.receive_all() != "hello\n") return 5;
  }
  // The next time is news again.
  const RawSocket late = RawSocket::connect_to(server.port());
  set_descriptor_limit(first_free_descriptor());
  if (!run_until(loop, [&] { return log.size() == 2; })) return 6;
  return 0;
}

/// Returns 0 if a server can be destroyed, or can listen anew, while it pauses.
int stop_in_the_pause() {
  testing::LogCapture log;
  testing::ManualClock clock;
  IOLoop loop(clock);
  auto server = std::make_unique<TCPServer>(echo_once);
  server->listen(0);
  const std::uint16_t port = server->port();
  const bool ipv6 = has_ipv6(*server);
  const RawSocket first = RawSocket::connect_to(port);
  const RawSocket second = RawSocket::connect_to(port, ipv6);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  set_descriptor_limit(first_free_descriptor());
  if (!run_until(loop, [&] { return log.size() == 1; })) return 1;
  set_descriptor_limit(before.rlim_cur);
  server->stop();
  server->listen(0, "127.0.0.1");
  for (int i = 0; i < 2; ++i) {
    if (converse(loop, *server) != "hello\n") return 2;
  }
  const RawSocket third = RawSocket::connect_to(server->port());
  set_descriptor_limit(first_free_descriptor());
  if (!run_until(loop, [&] { return log.size() == 2; })) return 3;
  server.reset();
  clock.advance(200ms);
  testing::run_ready(loop);
  return 0;
}

}  // namespace

TEST_SUITE("net.tcpserver.descriptors") {
  TEST_CASE("a listening socket that fails is tried again and again, and logged once") {
    testing::LogCapture log;
    testing::ManualClock clock;
    IOLoop loop(clock);
    TCPServer server(echo_once);
    server.listen(0, "127.0.0.1");
    const std::uint16_t broken = server.port();
    server.listen(0, "127.0.0.1");
    for (const int fd : tcp_sockets()) {
      if (local_port(fd) == broken) ::shutdown(fd, SHUT_RD);
    }
    for (int i = 0; i < 5; ++i) {
      testing::run_ready(loop);  // comes back: the server waits for its clock
      clock.advance(100ms);
    }
    CHECK(log.size() == 1);
    CHECK(log.contains("cannot accept connections for a moment: Invalid argument"));
    const RawSocket client = RawSocket::connect_to(server.addresses()[1].port);
    client.send("hello\n");
    CHECK(run_until(loop, [&] { return client.readable(); }));
    CHECK(client.receive_all() == "hello\n");
  }

  TEST_CASE("a server without descriptors pauses and then goes on") {
    const auto end = core_tests::run_in_child([] { ::_exit(run_out_of_descriptors()); });
    CHECK(end.exited_with(0));
    CHECK(end.errors == "");
  }

  TEST_CASE("a server can be stopped and destroyed while it pauses") {
    const auto end = core_tests::run_in_child([] { ::_exit(stop_in_the_pause()); });
    CHECK(end.exited_with(0));
    CHECK(end.errors == "");
  }
}
