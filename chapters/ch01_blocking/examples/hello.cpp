// Says hello over HTTP, to one client at a time:
//
//     hello [--port N]        N from 0 (any free port) to 65535; 8001 if it is not given
//
// It sends every client the same response, and ignores what follows a request's head.

#include <funnel/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "arguments.h"

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;                  // with one client, from its turn to its end
constexpr std::size_t max_head_bytes = 16'384;  // of a request's first line and headers

/// An HTTP response: a line that says how it went, lines that describe the body, an empty line,
/// the body. Every line ends with "\r\n".
std::string response(bool with_body) {
  const std::string body = "Hello, world!\n";
  return fmt::format(
      "HTTP/1.1 200 OK\r\n"
      "Content-Type: text/plain; charset=UTF-8\r\n"
      "Content-Length: {}\r\n"
      "Connection: close\r\n"
      "\r\n"
      "{}",
      body.size(), with_body ? body : "");
}

void say_hello(funnel::Socket& client) {
  // The next line blocks this thread until the client has sent its request. All other clients wait
  // for that too.
  client.set_deadline(std::chrono::steady_clock::now() + patience);
  const std::string head = client.read_until("\r\n\r\n", max_head_bytes);
  client.write_all(response(!head.starts_with("HEAD ")));  // HEAD asks for everything but the body
}

void serve(std::uint16_t port) {
  funnel::Socket listener = funnel::listen_tcp(port);
  fmt::print("listening on http://127.0.0.1:{}/ (Ctrl-C ends it)\n", funnel::local_port(listener));
  std::fflush(stdout);
  int number = 0;
  funnel::serve_sequentially(listener, [&number](funnel::Socket& client) {
    fmt::print("client {}: it is its turn\n", ++number);
    std::fflush(stdout);
    const auto begin = std::chrono::steady_clock::now();
    say_hello(client);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    fmt::print("client {}: served in {:.1f} ms\n", number, took.count());
    std::fflush(stdout);
  });
}

}  // namespace

int main(int argc, char** argv) { return run_server("hello", argc, argv, serve); }
