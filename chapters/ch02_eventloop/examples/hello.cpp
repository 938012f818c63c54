// Says hello over HTTP, to any number of clients at once, on one thread:
//
//     hello [--port N]        N from 0 (any free port) to 65535; 8001 if it is not given

#include <funnel/ioloop.h>

#include <cstdint>

#include "arguments.h"
#include "hello_server.h"

int main(int argc, char** argv) {
  return run_server("hello", argc, argv, [](std::uint16_t port) {
    funnel::IOLoop loop;
    const HelloServer server(port);
    loop.start();
  });
}
