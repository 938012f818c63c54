// The framework's server for `./learn bench idle`: a coroutine for each client.

#include <funnel/ioloop.h>
#include <funnel/iostream.h>
#include <funnel/netutil.h>
#include <funnel/task.h>
#include <funnel/tcpserver.h>

#include <string>
#include <utility>

#include "idle_server.h"

namespace {

funnel::Task<> echo(funnel::IOStream stream, funnel::Address) {
  try {
    for (;;) {
      const std::string line = co_await stream.read_until("\n", longest_line);
      co_await stream.write(line);
    }
  } catch (const funnel::StreamClosedError&) {  // the client has had enough
  }
}

}  // namespace

int main(int argc, char** argv) {
  funnel::TCPServer server(echo, 0);  // no limit of connections
  server.listen(port_from(argc, argv), "127.0.0.1");
  say_port(server.port());
  funnel::IOLoop::current().start();
}
