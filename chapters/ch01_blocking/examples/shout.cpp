// Reads lines, and sends each back in capitals:
//
//     shout [--port N]        N from 0 (any free port) to 65535; 8001 if it is not given
//
// Talk to it with curl telnet://127.0.0.1:8001, one client at a time. Ctrl-C ends it.

#include <funnel/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "arguments.h"

namespace {

constexpr std::size_t longest_line = 1000;

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

void talk(funnel::Socket& client) {
  for (;;) {
    std::string line = client.read_until("\n", longest_line);
    std::transform(line.begin(), line.end(), line.begin(), upper);
    client.write_all(line);
  }
}

void talk_to_all(std::uint16_t port) {
  funnel::Socket listener = funnel::listen_tcp(port);
  fmt::print("listening on 127.0.0.1:{} (Ctrl-C ends it)\n", funnel::local_port(listener));
  std::fflush(stdout);
  for (int number = 1;; ++number) {
    funnel::Socket client = funnel::accept(listener);
    fmt::print("client {} has connected\n", number);
    std::fflush(stdout);
    try {
      talk(client);
    } catch (const funnel::StreamClosedError& error) {
      fmt::print("client {}: {}\n", number, error.what());
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) { return run_server("shout", argc, argv, talk_to_all); }
