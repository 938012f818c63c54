// Says hello over HTTP, and twice a second how many clients were served:
//
//     ticker [--port N]       N from 0 (any free port) to 65535; 8001 if it is not given
//
// A request for /block does what nothing on a loop may do: it sleeps, and everybody waits.

#include <funnel/ioloop.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "arguments.h"
#include "hello_server.h"

namespace {

using namespace std::chrono_literals;

void block_if_asked(std::string_view head) {
  if (head.starts_with("GET /block ")) std::this_thread::sleep_for(1700ms);
}

void serve(std::uint16_t port) {
  funnel::IOLoop loop;
  loop.set_blocking_log_threshold(100ms);
  const HelloServer server(port, block_if_asked);
  const funnel::TimePoint begin = loop.time();
  funnel::PeriodicCallback tick(
      [&] {
        const std::chrono::duration<double> passed = loop.time() - begin;
        fmt::print("{:.1f} s: {} served\n", passed.count(), server.served());
        std::fflush(stdout);
      },
      500ms);
  tick.start();
  loop.start();
}

}  // namespace

int main(int argc, char** argv) { return run_server("ticker", argc, argv, serve); }
