// final: no, Asio has its own poller

#include <funnel/ioloop.h>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "loops.h"
#include "support/background.h"
#include "support/readable.h"
#include "support/story.h"

// Tasks 2.3 and 2.4: how often a loop asks its poller, and how long it is ready to wait.

using funnel::Duration;
using funnel::EpollPoller;
using funnel::IOLoop;
using funnel::Poller;
using funnel::TimePoint;
using namespace std::chrono_literals;
using loops::Watchdog;
using test_support::Background;
using test_support::tell;

namespace {

/// What a loop has asked its poller for.
struct Waits {
  std::atomic<int> count = 0;
  std::vector<Duration> timeouts;
};

class CountingPoller final : public Poller {
 public:
  explicit CountingPoller(Waits& waits) : waits_(waits) {}

  void add(int fd, unsigned events, std::uint64_t tag) override { poller_.add(fd, events, tag); }
  void change(int fd, unsigned events, std::uint64_t tag) override {
    poller_.change(fd, events, tag);
  }
  void remove(int fd) noexcept override { poller_.remove(fd); }
  const std::vector<Ready>& wait(std::optional<Duration> timeout) override {
    ++waits_.count;
    if (timeout) waits_.timeouts.push_back(*timeout);
    return poller_.wait(timeout);
  }

 private:
  EpollPoller poller_;
  Waits& waits_;
};

}  // namespace

TEST_CASE("a loop that was woken waits again and does not turn on the spot") {
  Waits waits;
  IOLoop loop(funnel::system_clock(), std::make_unique<CountingPoller>(waits));
  int woken = 0;
  std::atomic<bool> is_running = false;
  loop.add_callback([&] { is_running = true; });
  Background other("the other thread", [&] {
    test_support::eventually([&] { return is_running.load(); });
    loop.add_callback([&] { ++woken; });
    tell("other", "add_callback, then nothing for 100 ms, then stop");
    std::this_thread::sleep_for(100ms);
    loop.add_callback([&] { loop.stop(); });
  });
  {
    const Watchdog watchdog("start()");
    loop.start();
  }
  other.join();
  CHECK(woken == 1);
  tell("yours", "has asked the poller " + std::to_string(waits.count) + " times");
  tell("expected", "a few times: once for each wake-up");
  REQUIRE(waits.count < 20);
}

TEST_CASE("a loop waits in the poller until its timer is due") {
  Waits waits;
  IOLoop loop(funnel::system_clock(), std::make_unique<CountingPoller>(waits));
  const TimePoint begin = loop.time();
  TimePoint at;
  tell("yours", "call_later: 60 ms");
  loop.call_later(60ms, [&] {
    at = loop.time();
    loop.stop();
  });
  {
    const Watchdog watchdog("start()");
    loop.start();
  }
  CHECK(at - begin >= 60ms);
  REQUIRE(!waits.timeouts.empty());
  tell("expected", "the poller may wait for nearly 60 ms, and is not asked again and again");
  CHECK(waits.timeouts.front() > 0ms);
  CHECK(waits.timeouts.front() <= 60ms);
  REQUIRE(waits.count < 20);
}
