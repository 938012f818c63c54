#include <funnel/testing.h>

#include <funnel/gen.h>
#include <funnel/ioloop.h>
#include <funnel/task.h>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <type_traits>

#include "final/core/support.h"

using namespace funnel;
using namespace std::chrono_literals;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

namespace {

static_assert(!std::is_aggregate_v<testing::MemoryStreamOptions>);

Task<> sleep_for(Duration delay) { co_await gen::sleep(delay); }

}  // namespace

TEST_SUITE("runtime.testing.ManualClock") {
  TEST_CASE("the clock stands still until it is moved") {
    ManualClock clock;
    CHECK(!clock.runs_by_itself());
    const TimePoint begin = clock.now();
    CHECK(clock.now() == begin);
    clock.advance(3s);
    CHECK(clock.now() == begin + 3s);
    clock.set(begin + 5s);
    clock.set(begin + 5s);
    clock.advance(0s);
    CHECK(clock.now() == begin + 5s);
    clock.advance(Duration::max());
    CHECK(clock.now() == TimePoint::max());
  }

  TEST_CASE("moving the clock back aborts with a message") {
    const auto end = core_tests::run_in_child([] {
      ManualClock clock;
      clock.advance(-1ns);
    });
    CHECK(end.aborted());
    CHECK(end.errors.find("a ManualClock was moved back") != std::string::npos);
  }

  TEST_CASE("a clock that dies before its loop aborts with a message") {
    const auto end = core_tests::run_in_child([] {
      auto* clock = new ManualClock;
      const IOLoop loop(*clock);
      delete clock;
    });
    CHECK(end.aborted());
    CHECK(end.errors.find("destroyed before a loop that follows it") != std::string::npos);
  }

  TEST_CASE("several loops follow one clock") {
    ManualClock clock;
    IOLoop first(clock);
    std::string order;
    {
      IOLoop second(clock);
      first.call_later(1s, [&] { order += '1'; });
      second.call_later(1s, [&] { order += '2'; });
      clock.advance(1s);
      run_ready(second);
      run_ready(first);
    }
    CHECK(order == "21");
    clock.advance(1s);
  }

  TEST_CASE("timers that are due see the new time, and what they set for it runs too") {
    ManualClock clock;
    IOLoop loop(clock);
    const TimePoint begin = clock.now();
    std::string order;
    loop.call_later(1s, [&] {
      CHECK(loop.time() == begin + 10s);
      order += 'a';
      loop.call_at(begin + 2s, [&] { order += 'c'; });
    });
    loop.call_later(5s, [&] { order += 'b'; });
    clock.advance(10s);
    CHECK(order.empty());
    run_ready(loop);
    CHECK(order == "abc");
  }

  TEST_CASE("a clock that skips goes to the next timer, and no further than the task needs") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const TimePoint begin = clock.now();
    bool fired = false;
    loop.call_later(1h, [&] { fired = true; });
    loop.run_sync(sleep_for(1min));
    CHECK(clock.now() == begin + 1min);
    CHECK(!fired);
    loop.run_sync(sleep_for(59min));
    CHECK(fired);
  }

  TEST_CASE("a clock that skips does not make up work where there is none") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const TimePoint begin = clock.now();
    run_ready(loop);
    loop.call_later(1s, [] {});
    run_ready(loop);
    CHECK(clock.now() == begin);
  }
}

TEST_SUITE("runtime.testing.LogCapture") {
  TEST_CASE("a capture keeps what is logged") {
    LogCapture log;
    CHECK(log.empty());
    log::app().error("first thing");
    log::access().info("second thing");
    log::app().debug("below the level");
    REQUIRE(log.size() == 2);
    CHECK(log.records()[0].logger == "app");
    CHECK(log.records()[0].level == log::Level::error);
    CHECK(log.records()[0].message == "first thing");
    CHECK(log.records()[1].logger == "access");
    CHECK(log.contains("second"));
    CHECK(!log.contains("third"));
    log.clear();
    CHECK(log.empty());
  }

  TEST_CASE("captures may be nested") {
    const LogCapture outer;
    {
      const LogCapture inner;
      log::app().info("inner");
      CHECK(inner.size() == 1);
    }
    log::app().info("outer");
    CHECK(outer.size() == 1);
    CHECK(outer.contains("outer"));
  }
}
