// Waits for three clients, and says which of them has something to say:
//
//     watch [--port N]        N from 0 (any free port) to 65535; 8001 if it is not given
//
// Be one of them with curl telnet://127.0.0.1:8001. It ends when all three have left.

#include <funnel/poller.h>
#include <funnel/socket.h>

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "arguments.h"

namespace {

/// Receives once; empty at the end. The poller has said that it will not block.
std::string receive(const funnel::Socket& client) {
  std::array<char, 4096> block{};
  const ssize_t count = ::recv(client.fd(), block.data(), block.size(), 0);
  return {block.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
}

void watch(std::uint16_t port) {
  funnel::Socket listener = funnel::listen_tcp(port);
  fmt::print("listening on 127.0.0.1:{} for three clients\n", funnel::local_port(listener));
  std::fflush(stdout);
  funnel::EpollPoller poller;
  std::vector<funnel::Socket> clients;
  while (clients.size() < 3) {
    clients.push_back(funnel::accept(listener));
    poller.add(clients.back().fd(), funnel::Poller::read, clients.size() - 1);
    fmt::print("client {} is here\n", clients.size());
    std::fflush(stdout);
  }
  for (std::size_t left = clients.size(); left > 0;) {
    for (const funnel::Poller::Ready& ready : poller.wait(std::nullopt)) {
      funnel::Socket& client = clients[ready.tag];
      const std::string bytes = receive(client);
      if (!bytes.empty()) {
        fmt::print("client {} says {} bytes: {}\n", ready.tag + 1, bytes.size(),
                   bytes.substr(0, bytes.find_first_of("\r\n")));
      } else {
        fmt::print("client {} has left\n", ready.tag + 1);
        poller.remove(client.fd());
        client.close();
        --left;
      }
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) { return run_server("watch", argc, argv, watch); }
