// Listens, and says who rings:
//
//     doorbell [--port N]     N from 0 (any free port) to 65535; 8001 if it is not given
//
// To ring, connect: curl telnet://127.0.0.1:8001. It does not answer the door. Ctrl-C ends it.

#include <funnel/socket.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>

#include <fmt/format.h>

#include "arguments.h"

namespace {

/// Returns the port at the other end of the connection.
std::uint16_t peers_port(const funnel::Socket& client) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getpeername(client.fd(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

void wait_for_rings(std::uint16_t port) {
  funnel::Socket listener = funnel::listen_tcp(port);
  fmt::print("listening on 127.0.0.1:{} (Ctrl-C ends it)\n", funnel::local_port(listener));
  std::fflush(stdout);
  for (int ring = 1;; ++ring) {
    const funnel::Socket client = funnel::accept(listener);
    fmt::print("ring {}: from port {}, descriptor {}\n", ring, peers_port(client), client.fd());
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) { return run_server("doorbell", argc, argv, wait_for_rings); }
