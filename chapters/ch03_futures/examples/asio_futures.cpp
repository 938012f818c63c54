// What Asio has: the same operation with std::future, and deferred, which begins later:
//
//     asio_futures

#include <asio.hpp>
#include <asio/experimental/deferred.hpp>

#include <chrono>
#include <cstdio>
#include <future>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

int main() {
  using namespace std::chrono_literals;
  // #region futures
  asio::io_context loop;
  asio::steady_timer timer(loop, 50ms);
  // A future of the standard library: `get` blocks, so it must be another thread that turns the
  // loop.
  std::future<void> done = timer.async_wait(asio::use_future);
  std::thread thread([&loop] { loop.run(); });
  done.get();
  fmt::print("use_future: the timer has fired, and this thread was blocked\n");
  thread.join();

  // An operation that has not begun: it starts when it is called with what to do next.
  asio::steady_timer later(loop, 50ms);
  auto operation = later.async_wait(asio::experimental::deferred);
  fmt::print("deferred: nothing has begun\n");
  std::move(operation)([](std::error_code) { fmt::print("deferred: the timer has fired\n"); });
  loop.restart();
  loop.run();
  // #endregion futures
}
