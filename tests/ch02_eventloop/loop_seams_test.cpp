// final: no, has_work is what the coming chapters need of this loop

#include <funnel/ioloop.h>
#include <funnel/log.h>
#include <funnel/signals.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "loops.h"

// Given code: what belongs to no task.

// Where a sanitizer has replaced malloc, it knows how much there is.
extern "C" __attribute__((weak)) std::size_t __sanitizer_get_current_allocated_bytes();

using funnel::IOLoop;
using funnel::PollPoller;
using funnel::testing::run_ready;
using namespace std::chrono_literals;
using loops::Wire;

namespace {

std::size_t allocated() {
  if (__sanitizer_get_current_allocated_bytes != nullptr) {
    return __sanitizer_get_current_allocated_bytes();
  }
  return ::mallinfo2().uordblks;
}

}  // namespace

TEST_CASE("has_work tells whether anything could still run") {
  IOLoop loop;
  const Wire wire;
  CHECK(!loop.has_work());
  loop.add_callback([] {});
  CHECK(loop.has_work());
  run_ready(loop);
  CHECK(!loop.has_work());
  const auto timer = loop.call_later(1h, [] {});
  CHECK(loop.has_work());
  loop.remove_timeout(timer);
  CHECK(!loop.has_work());
  loop.add_handler(wire.near(), IOLoop::read, [](int, unsigned) {});
  CHECK(loop.has_work());
  loop.remove_handler(wire.near());
  CHECK(!loop.has_work());
  loop.work_started();
  CHECK(loop.has_work());
  loop.work_finished();
  CHECK(!loop.has_work());
}

TEST_CASE("cancelled timers give their memory back") {
  IOLoop loop;
  const auto keep = loop.call_later(1h, [] {});
  const std::size_t before = allocated();
  for (int round = 0; round < 100; ++round) {
    std::vector<funnel::Timeout> timers;
    for (int i = 0; i < 1000; ++i) timers.push_back(loop.call_later(2h, [] {}));
    for (const funnel::Timeout& timer : timers) loop.remove_timeout(timer);
  }
  // One entry is 16 bytes, and a hundred thousand were made.
  CHECK(allocated() < before + 20'000);
  loop.remove_timeout(keep);
}

TEST_CASE("a loop works on the other backend too") {
  IOLoop loop(funnel::system_clock(), std::make_unique<PollPoller>());
  const Wire wire;
  std::string order;
  loop.add_handler(wire.near(), IOLoop::read, [&](int fd, unsigned) {
    order += wire.receive();
    loop.remove_handler(fd);
    loop.call_later(1ms, [&] {
      order += " timer";
      loop.add_callback([&] { loop.stop(); });
    });
  });
  wire.send("bytes");
  loop.start();
  CHECK(order == "bytes timer");
}

TEST_CASE("a signal is handled by a callback on the loop") {
  IOLoop loop;
  std::vector<int> seen;
  {
    const funnel::SignalHandler handler({SIGUSR1, SIGUSR2}, [&](int number) {
      seen.push_back(number);
      if (seen.size() == 2) loop.stop();
    });
    ::kill(::getpid(), SIGUSR1);
    ::kill(::getpid(), SIGUSR2);
    loop.start();
  }
  CHECK(seen == std::vector<int>{SIGUSR1, SIGUSR2});
  const auto is_blocked = [](int number) {
    sigset_t blocked;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    return ::sigismember(&blocked, number) == 1;
  };
  CHECK(!is_blocked(SIGUSR1));
  CHECK(!loop.has_work());
  auto first = std::make_unique<funnel::SignalHandler>(std::vector<int>{SIGUSR1}, [](int) {});
  const funnel::SignalHandler second({SIGUSR2}, [](int) {});
  first.reset();
  CHECK(!is_blocked(SIGUSR1));
  CHECK(is_blocked(SIGUSR2));  // or it would end the process
  CHECK_THROWS_AS(funnel::SignalHandler({SIGKILL}, [](int) {}), std::system_error);
  CHECK_THROWS_AS(funnel::SignalHandler({999}, [](int) {}), std::system_error);
}

TEST_CASE("deadlines at the ends of time are early or late and nothing else") {
  funnel::testing::ManualClock clock;
  IOLoop loop(clock);
  std::string order;
  loop.call_at(funnel::TimePoint::max(), [&] { order += "never "; });
  loop.call_later(funnel::Duration::max(), [&] { order += "never "; });
  loop.call_at(funnel::TimePoint::min(), [&] { order += "at once "; });
  loop.call_later(funnel::Duration::min(), [&] { order += "at once "; });
  run_ready(loop);
  REQUIRE(order == "at once at once ");
}

TEST_CASE("a log that fails loses no callback") {
  IOLoop loop;
  const auto before =
      funnel::log::set_sink([](const auto&...) { throw std::runtime_error("the disk is full"); });
  bool ran = false;
  loop.add_callback([] { throw std::runtime_error("bad callback"); });
  loop.add_callback([&] { ran = true; });
  run_ready(loop);
  funnel::log::set_sink(before);
  CHECK(ran);
}
