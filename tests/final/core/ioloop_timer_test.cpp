#include <funnel/ioloop.h>

#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

using namespace funnel;
using namespace std::chrono_literals;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

TEST_SUITE("core.ioloop.timers") {
  TEST_CASE("timers fire in order, when their time has come") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string order;
    loop.call_later(2s, [&] { order += 'b'; });
    loop.call_at(loop.time() + 3s, [&] { order += 'c'; });
    loop.call_later(1s, [&] { order += 'a'; });
    run_ready(loop);
    CHECK(order.empty());
    clock.advance(1s - 1ns);
    run_ready(loop);
    CHECK(order.empty());
    clock.advance(1ns);
    run_ready(loop);
    CHECK(order == "a");
    clock.advance(1h);
    run_ready(loop);
    CHECK(order == "abc");
  }

  TEST_CASE("timers with the same deadline fire in the order of their setting") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string order;
    const TimePoint deadline = loop.time() + 1s;
    for (const char name : std::string("abcdef")) {
      loop.call_at(deadline, [&order, name] { order += name; });
    }
    clock.advance(1s);
    run_ready(loop);
    CHECK(order == "abcdef");
  }

  TEST_CASE("a timer that an earlier one of the same turn removed does not run") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string order;
    Timeout second;
    loop.call_later(1s, [&] {
      order += 'a';
      loop.remove_timeout(second);
    });
    second = loop.call_later(1s, [&] { order += 'b'; });
    loop.call_later(1s, [&] { order += 'c'; });
    clock.advance(2s);
    run_ready(loop);
    CHECK(order == "ac");
  }

  TEST_CASE("removing a timer twice, after it fired, or from inside it is harmless") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string order;
    Timeout self;
    const Timeout removed = loop.call_later(1s, [&] { order += 'x'; });
    self = loop.call_later(1s, [&] {
      loop.remove_timeout(self);
      order += 'a';
    });
    loop.remove_timeout(removed);
    loop.remove_timeout(removed);
    loop.remove_timeout(Timeout());
    clock.advance(1s);
    run_ready(loop);
    CHECK(order == "a");
    loop.remove_timeout(self);
    const Timeout next = loop.call_later(1s, [&] { order += 'b'; });
    loop.remove_timeout(self);  // an old name does not hit a new timer
    clock.advance(1s);
    run_ready(loop);
    CHECK(order == "ab");
    loop.remove_timeout(next);
  }

  TEST_CASE("what a timer holds is freed when it fires or is removed") {
    ManualClock clock;
    IOLoop loop(clock);
    auto held = std::make_shared<int>();
    const std::weak_ptr<int> watch = held;
    const Timeout timeout = loop.call_later(1s, [held = std::exchange(held, {})] {});
    loop.remove_timeout(timeout);
    CHECK(watch.expired());
  }

  TEST_CASE("a delay that is not positive means the next turn") {
    ManualClock clock;
    IOLoop loop(clock);
    int fired = 0;
    loop.call_later(0s, [&] { ++fired; });
    loop.call_later(-1s, [&] { ++fired; });
    loop.call_later(Duration::min(), [&] { ++fired; });
    loop.call_at(TimePoint::min(), [&] { ++fired; });
    CHECK(fired == 0);
    run_ready(loop);
    CHECK(fired == 4);
  }

  TEST_CASE("the machine's clock takes any delay, too") {
    IOLoop loop;
    std::string order;
    loop.call_later(Duration::max(), [&] { order += 'x'; });
    loop.call_at(TimePoint::max(), [&] { order += 'x'; });
    loop.call_at(TimePoint::min(), [&] { order += 'a'; });
    loop.call_later(-1h, [&] { order += 'b'; });
    loop.call_later(1ms, [&] {
      order += 'c';
      loop.stop();
    });
    loop.start();
    CHECK(order == "abc");
  }

  TEST_CASE("a huge delay does not wrap into the past") {
    ManualClock clock;
    IOLoop loop(clock);
    int fired = 0;
    loop.call_later(Duration::max(), [&] { ++fired; });
    loop.call_later(Duration::max() - 1s, [&] { ++fired; });
    clock.advance(24h * 365 * 100);
    run_ready(loop);
    CHECK(fired == 0);
  }

  TEST_CASE("an earlier timer may be set while a later one is waited for") {
    IOLoop loop;
    std::string order;
    loop.call_later(1h, [&] { order += 'x'; });
    loop.add_callback([&] {
      loop.call_later(1ms, [&] {
        order += 'a';
        loop.stop();
      });
    });
    loop.start();
    CHECK(order == "a");
  }

  TEST_CASE("a timer that a timer sets for now runs after the turn") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string order;
    loop.call_later(1s, [&] {
      order += 'a';
      loop.call_later(0s, [&] { order += 'c'; });
    });
    loop.call_later(1s, [&] { order += 'b'; });
    clock.advance(1s);
    run_ready(loop);
    CHECK(order == "abc");
  }

  TEST_CASE("an exception from a timer is logged and the others run") {
    ManualClock clock;
    IOLoop loop(clock);
    LogCapture log;
    bool ran = false;
    loop.call_later(1s, [] { throw std::runtime_error("late"); });
    loop.call_later(1s, [&] { ran = true; });
    clock.advance(1s);
    run_ready(loop);
    CHECK(ran);
    CHECK(log.size() == 1);
    CHECK(log.contains("late"));
  }
}
