// Says hello over HTTP, while a thread counts prime numbers and posts what it has found:
//
//     primes [--port N]       N from 0 (any free port) to 65535; 8001 if it is not given

#include <funnel/ioloop.h>

#include <cstdint>
#include <cstdio>
#include <thread>

#include <fmt/format.h>

#include "arguments.h"
#include "hello_server.h"

namespace {

bool is_prime(int number) {
  for (int divisor = 2; divisor <= number / divisor; ++divisor) {
    if (number % divisor == 0) return false;
  }
  return number > 1;
}

int count_primes(int limit) {
  int count = 0;
  for (int number = 0; number < limit; ++number) count += is_prime(number) ? 1 : 0;
  return count;
}

void serve(std::uint16_t port) {
  funnel::IOLoop loop;
  const HelloServer server(port);
  std::thread thread([&loop] {
    for (const int limit : {1000, 10'000, 100'000, 1'000'000}) {
      const int count = count_primes(limit);
      // The loop's thread prints it, between two clients: nothing here needs a lock.
      loop.add_callback([count, limit] {
        fmt::print("there are {} primes below {}\n", count, limit);
        std::fflush(stdout);
      });
    }
  });
  loop.start();
  thread.join();
}

}  // namespace

int main(int argc, char** argv) { return run_server("primes", argc, argv, serve); }
