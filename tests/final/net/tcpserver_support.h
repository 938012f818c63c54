#pragma once

#include <funnel/gen.h>
#include <funnel/ioloop.h>
#include <funnel/tcpserver.h>
#include <funnel/testing.h>

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <string>

#include "../../support/raw_socket.h"
#include "../../support/time_scale.h"

namespace net_tests {

using namespace std::chrono_literals;

inline funnel::Task<> pause(funnel::Duration time) { co_await funnel::gen::sleep(time); }

/// Runs the loop until the condition holds, whatever its clock says; gives up in the end.
template <typename Condition>
bool run_until(funnel::IOLoop& loop, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + test_support::time_limit(10s);
  do {
    funnel::testing::run_ready(loop);
    if (condition()) return true;
    ::usleep(1000);
  } while (std::chrono::steady_clock::now() < deadline);
  return false;
}

inline funnel::Task<> echo_once(funnel::IOStream stream, funnel::Address) {
  const std::string line = co_await stream.read_until("\n");
  co_await stream.write(line);
}

inline bool has_ipv6(const funnel::TCPServer& server) { return server.addresses().size() == 2; }

inline std::string converse(funnel::IOLoop& loop, funnel::TCPServer& server, bool ipv6 = false) {
  const test_support::RawSocket client = test_support::RawSocket::connect_to(server.port(), ipv6);
  client.send("hello\n");
  const std::size_t before = server.connections();
  if (!run_until(loop, [&] { return client.readable(); })) return "nothing";
  run_until(loop, [&] { return server.connections() == before; });
  return client.receive_all();
}

}  // namespace net_tests
