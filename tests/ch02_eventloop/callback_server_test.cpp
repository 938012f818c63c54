// final: no, its server is TCPServer

#include <funnel/callback_stream.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "streams.h"
#include "support/faulty_calls.h"

// Given code: accepting on a loop.

using funnel::CallbackServer;
using funnel::CallbackStream;
using funnel::IOLoop;
using funnel::Socket;
using funnel::testing::LogCapture;
using funnel::testing::run_ready;
using test_support::eventually;
using test_support::FaultyCalls;
using test_support::Peer;

namespace {

/// Turns the loop until `count` clients are there, two seconds at most.
bool turn_until_there(IOLoop& loop, const std::vector<Socket>& clients, std::size_t count) {
  return eventually([&] {
    run_ready(loop);
    return clients.size() >= count;
  });
}

}  // namespace

TEST_CASE("a server hands over each client as a socket that does not block") {
  IOLoop loop;
  std::vector<Socket> clients;
  CallbackServer server([&](Socket client) { clients.push_back(std::move(client)); });
  server.listen(0);
  std::vector<Peer> peers;
  for (int i = 0; i < 100; ++i) peers.push_back(Peer::connect_to(server.port()));
  CHECK(turn_until_there(loop, clients, 100));
  peers[7].send("hello");
  bool found = false;
  CHECK(eventually([&] {
    for (const Socket& client : clients) {
      char byte = 0;
      if (::recv(client.fd(), &byte, 1, 0) == 1) found = true;
    }
    return found;
  }));

  const std::uint16_t port = server.port();
  server.stop();
  server.stop();
  CHECK_THROWS_AS(Peer::connect_to(port), std::system_error);
  CHECK(!loop.has_work());
}

TEST_CASE("an exception for one client does not end a server") {
  const LogCapture log;
  IOLoop loop;
  std::vector<Socket> clients;
  bool is_first = true;
  CallbackServer server([&](Socket client) {
    if (std::exchange(is_first, false)) throw std::runtime_error("the first client is not liked");
    clients.push_back(std::move(client));
  });
  server.listen(0);
  const Peer first = Peer::connect_to(server.port());
  const Peer second = Peer::connect_to(server.port());
  CHECK(turn_until_there(loop, clients, 1));
  CHECK(first.receive_all().empty());
  CHECK(log.contains("the first client is not liked"));
}

TEST_CASE("a server without descriptors turns clients away and does not spin") {
  const LogCapture log;
  IOLoop loop;
  std::vector<Socket> clients;
  CallbackServer server([&](Socket client) { clients.push_back(std::move(client)); });
  server.listen(0);
  const Peer unlucky = Peer::connect_to(server.port());
  FaultyCalls calls;
  calls.fail(FaultyCalls::Call::accept, EMFILE);
  run_ready(loop);
  CHECK(clients.empty());
  CHECK(unlucky.receive_all().empty());  // closed, not left waiting
  CHECK(log.contains("no descriptor left"));
  const int before = calls.count(FaultyCalls::Call::accept);
  for (int i = 0; i < 10; ++i) run_ready(loop);
  CHECK(calls.count(FaultyCalls::Call::accept) == before);
  const Peer lucky = Peer::connect_to(server.port());
  CHECK(turn_until_there(loop, clients, 1));
}

TEST_CASE("a server that cannot even turn a client away waits for a second") {
  const LogCapture log;
  funnel::testing::ManualClock clock;
  IOLoop loop(clock);
  std::vector<Socket> clients;
  CallbackServer server([&](Socket client) { clients.push_back(std::move(client)); });
  server.listen(0);
  const Peer client = Peer::connect_to(server.port());
  {
    FaultyCalls calls;
    calls.fail(FaultyCalls::Call::accept, ENFILE, 2);
    run_ready(loop);
    for (int i = 0; i < 10; ++i) run_ready(loop);
    CHECK(calls.count(FaultyCalls::Call::accept) == 2);
    CHECK(log.contains("accepts nobody for a second"));
  }
  CHECK(clients.empty());
  clock.advance(std::chrono::seconds(1));
  CHECK(turn_until_there(loop, clients, 1));
}

TEST_CASE("a client that has left again is not an error") {
  IOLoop loop;
  std::vector<Socket> clients;
  CallbackServer server([&](Socket client) { clients.push_back(std::move(client)); });
  server.listen(0);
  FaultyCalls calls;
  calls.fail(FaultyCalls::Call::accept, ECONNABORTED);
  const Peer client = Peer::connect_to(server.port());
  CHECK(turn_until_there(loop, clients, 1));
}

TEST_CASE("a server may be stopped by the callback of a client") {
  IOLoop loop;
  std::vector<Socket> clients;
  std::unique_ptr<CallbackServer> server;
  server = std::make_unique<CallbackServer>([&](Socket client) {
    clients.push_back(std::move(client));
    server->stop();
  });
  server->listen(0);
  const Peer first = Peer::connect_to(server->port());
  const Peer second = Peer::connect_to(server->port());
  CHECK(turn_until_there(loop, clients, 1));
  run_ready(loop);
  CHECK(clients.size() == 1);
}
