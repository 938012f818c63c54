// Sends a long text to each client that connects, and closes the connection:
//
//     greeter [--port N]      N from 0 (any free port) to 65535; 8001 if it is not given
//
// Watch it with curl telnet://127.0.0.1:8001. It reads nothing, and serves one client after the
// other. Ctrl-C ends it.

#include <funnel/socket.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <system_error>

#include <fmt/format.h>

#include "arguments.h"

namespace {

constexpr int lines = 100'000;  // more than the kernel's buffers hold

std::string long_text() {
  std::string text;
  for (int line = 1; line <= lines; ++line) text += fmt::format("{:6} bottles of bytes\n", line);
  return text;
}

void greet_all(std::uint16_t port) {
  const std::string text = long_text();
  funnel::Socket listener = funnel::listen_tcp(port);
  fmt::print("listening on 127.0.0.1:{} (Ctrl-C ends it)\n", funnel::local_port(listener));
  std::fflush(stdout);
  for (;;) {
    funnel::Socket client = funnel::accept(listener);
    try {
      client.write_all(text);
      fmt::print("sent {} bytes\n", text.size());
    } catch (const funnel::StreamClosedError& error) {
      fmt::print("the client left: {}\n", error.what());
    }
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) { return run_server("greeter", argc, argv, greet_all); }
