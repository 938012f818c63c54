// final: yes

#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "loops.h"
#include "support/readable.h"
#include "support/story.h"

// Task 2.4. The clock of most tests stands still until they move it.

using funnel::IOLoop;
using funnel::Timeout;
using funnel::TimePoint;
using funnel::testing::LogCapture;
using funnel::testing::ManualClock;
using funnel::testing::run_ready;
using namespace std::chrono_literals;
using loops::Watchdog;
using loops::Wire;
using test_support::tell;

namespace {

void start(IOLoop& loop) {
  tell("yours", "start()");
  const Watchdog watchdog("start()");
  loop.start();
}

}  // namespace

TEST_CASE("timers run when they are due in the order of their deadlines") {
  ManualClock clock;
  IOLoop loop(clock);
  std::string order;
  tell("yours", "call_later: 3 s, 1 s, 2 s, and once more 1 s");
  loop.call_later(3s, [&] { order += "three "; });
  loop.call_later(1s, [&] { order += "one "; });
  loop.call_at(loop.time() + 2s, [&] { order += "two "; });
  loop.call_later(1s, [&] { order += "one-again "; });
  run_ready(loop);
  CHECK(order.empty());
  clock.advance(1s - 1ns);
  run_ready(loop);
  tell("clock", "one nanosecond before the first deadline");
  REQUIRE(order.empty());
  clock.advance(1ns);
  run_ready(loop);
  tell("clock", "at the first deadline");
  REQUIRE(order == "one one-again ");
  clock.advance(1h);
  run_ready(loop);
  tell("clock", "an hour later");
  REQUIRE(order == "one one-again two three ");
}

TEST_CASE("a hundred timers run in order whatever the order they were set in") {
  ManualClock clock;
  IOLoop loop(clock);
  int last = -1;
  bool in_order = true;
  for (int i = 0; i < 100; ++i) {
    const int place = i * 37 % 100;  // each number from 0 to 99, once
    loop.call_later(place * 1s, [&, place] {
      if (place != last + 1) in_order = false;
      last = place;
    });
  }
  for (int i = 0; i < 100; ++i) {
    run_ready(loop);
    REQUIRE(last == i);
    clock.advance(1s);
  }
  CHECK(in_order);
}

TEST_CASE("a timer that an earlier one of the same turn has removed does not run") {
  ManualClock clock;
  IOLoop loop(clock);
  std::string order;
  Timeout second;
  loop.call_later(1s, [&] {
    order += "first ";
    tell("yours", "the first timer removes the second, which is due too");
    loop.remove_timeout(second);
  });
  second = loop.call_later(2s, [&] { order += "second "; });
  loop.call_later(3s, [&] { order += "third "; });
  clock.advance(1h);
  run_ready(loop);
  tell("expected", "the second does not run");
  REQUIRE(order == "first third ");
}

TEST_CASE("a timer may be removed twice or after it has run or by itself") {
  ManualClock clock;
  IOLoop loop(clock);
  int ran = 0;
  const Timeout gone = loop.call_later(1s, [&] { ran += 100; });
  loop.remove_timeout(gone);
  loop.remove_timeout(gone);
  loop.remove_timeout(Timeout());
  Timeout self;
  self = loop.call_later(1s, [&] {
    ++ran;
    loop.remove_timeout(self);
  });
  clock.advance(1s);
  run_ready(loop);
  REQUIRE(ran == 1);
  tell("yours", "remove_timeout for the two that are over, after a new timer was set");
  loop.call_later(1s, [&] { ++ran; });
  loop.remove_timeout(self);
  loop.remove_timeout(gone);
  clock.advance(1s);
  run_ready(loop);
  tell("expected", "the new timer runs: it has not taken the place of one of the old");
  REQUIRE(ran == 2);
}

TEST_CASE("timers that are always due keep neither callbacks nor sockets waiting") {
  ManualClock clock;
  IOLoop loop(clock);
  const Wire wire;
  int runs = 0;
  int runs_before_the_socket = -1;
  std::function<void()> again = [&] {
    ++runs;
    if (runs < 1000) loop.call_at(TimePoint{}, again);
  };
  loop.add_handler(wire.near(), IOLoop::read, [&](int fd, unsigned) {
    runs_before_the_socket = runs;
    loop.remove_handler(fd);
  });
  tell("yours", "a timer for a moment in the past, which sets itself again, a thousand times");
  loop.call_at(TimePoint{}, [&] {
    wire.send("hello");
    again();
  });
  REQUIRE(runs == 0);
  run_ready(loop);
  REQUIRE(runs == 1000);
  tell("yours", "had run it " + std::to_string(runs_before_the_socket) +
                    " times when the socket's handler was called");
  CHECK(runs_before_the_socket > 0);
  REQUIRE(runs_before_the_socket < 10);
}

TEST_CASE("sockets and callbacks that are always ready do not keep a timer waiting") {
  ManualClock clock;
  IOLoop loop(clock);
  const Wire wire;
  bool over = false;
  int turns = 0;
  wire.send("a byte that nobody reads");
  loop.add_handler(wire.near(), IOLoop::read, [&](int fd, unsigned) {
    if (over || ++turns > 1000) loop.remove_handler(fd);
  });
  std::function<void()> again = [&] {
    if (!over && turns <= 1000) loop.add_callback(again);
  };
  again();
  loop.call_later(0s, [&] { over = true; });
  run_ready(loop);
  tell("yours", "had called the handler " + std::to_string(turns) + " times by then");
  REQUIRE(over);
  CHECK(turns < 5);
}

TEST_CASE("what a removed timer held is gone at once and stop loses no timer") {
  const LogCapture log;
  ManualClock clock;
  IOLoop loop(clock);
  auto held = std::make_shared<int>(0);
  loop.remove_timeout(loop.call_later(1h, [held] {}));
  tell("expected", "remove_timeout destroys the callback, long before its time");
  REQUIRE(held.use_count() == 1);

  std::string order;
  loop.call_later(1s, [&] {
    order += "one ";
    loop.stop();
  });
  loop.call_later(2s, [&] {
    order += "two ";
    throw std::runtime_error("the second timer has failed");
  });
  loop.call_later(3s, [&] {
    order += "three ";
    loop.stop();
  });
  clock.advance(1h);
  start(loop);
  tell("expected", "the first timer has called stop, and the others wait for the next start");
  REQUIRE(order == "one ");
  start(loop);
  REQUIRE(order == "one two three ");
  CHECK(log.contains("the second timer has failed"));
}
