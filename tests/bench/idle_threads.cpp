// The server of chapter 1 for `./learn bench idle`: a thread for each client.

#include <funnel/error.h>
#include <funnel/socket.h>

#include <cstddef>
#include <limits>

#include "idle_server.h"

namespace {

void echo(funnel::Socket& client) {
  try {
    for (;;) client.write_all(client.read_until("\n", longest_line));
  } catch (const funnel::StreamClosedError&) {  // the client has had enough
  }
}

}  // namespace

int main(int argc, char** argv) {
  funnel::Socket listener = funnel::listen_tcp(port_from(argc, argv));
  say_port(funnel::local_port(listener));
  // As many threads as the system gives: that limit is a part of what is measured.
  funnel::serve_threads(listener, echo, std::numeric_limits<std::size_t>::max());
}
