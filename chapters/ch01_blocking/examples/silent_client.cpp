// Shows what a client that says nothing does to each of the two servers. Ends by itself.

#include <funnel/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <functional>
#include <future>
#include <string>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "stop.h"

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;
using Handler = std::function<void(funnel::Socket&)>;
using Serve = std::function<void(funnel::Socket& listener, const Handler& handler)>;

constexpr std::chrono::seconds silence(1);

void greet(funnel::Socket& client) {
  const std::string name = client.read_until("\n", 100);
  client.write_all("hello, " + name);
}

/// Prints what happens, with the time since it was made.
class Diary {
 public:
  void note(std::string_view what) const {
    fmt::print("{:>7.0f} ms  {}\n", Milliseconds(Clock::now() - begin_).count(), what);
    std::fflush(stdout);
  }

 private:
  Clock::time_point begin_ = Clock::now();
};

/// Connects, says its name, and waits for the greeting.
void be_polite(std::uint16_t port, const Diary& diary) {
  const auto begin = Clock::now();
  funnel::Socket client = funnel::connect_tcp("127.0.0.1", port);
  client.set_deadline(begin + 5 * silence);
  diary.note("a second client has connected, and says its name");
  client.write_all("Ann\n");
  client.read_until("\n", 100);
  const Milliseconds waited = Clock::now() - begin;
  diary.note(fmt::format("the second client gets its response, after {:.0f} ms", waited.count()));
}

void demonstrate(std::string_view name, const Serve& serve) {
  fmt::print("{}\n", name);
  funnel::Socket listener = funnel::listen_tcp(0);
  const std::uint16_t port = funnel::local_port(listener);
  // The destructor of each of these futures waits for its thread.
  auto server = std::async(std::launch::async, [&] { serve(listener, greet); });
  const Stop stop(listener);

  const Diary diary;
  funnel::Socket silent = funnel::connect_tcp("127.0.0.1", port);
  diary.note("a client has connected, and says nothing");
  auto polite = std::async(std::launch::async, [&] { be_polite(port, diary); });
  std::this_thread::sleep_for(silence);
  diary.note("the silent client ends its silence, and says its name");
  silent.write_all("Bob\n");
  silent.read_until("\n", 100);
  polite.get();
}

}  // namespace

int main() {
  try {
    demonstrate(
        "serve_sequentially: one client after the other",
        [](auto& listener, auto& handler) { funnel::serve_sequentially(listener, handler); });
    fmt::print("\n");
    demonstrate("serve_threads: a thread for each client",
                [](auto& listener, auto& handler) { funnel::serve_threads(listener, handler); });
  } catch (const std::exception& error) {
    fmt::print(stderr, "silent_client: {}\n", error.what());
    return 1;
  }
}
