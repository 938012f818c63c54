// final: yes

#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>

// Given code: PeriodicCallback, and the report of a loop that was blocked.

using funnel::IOLoop;
using funnel::PeriodicCallback;
using funnel::testing::LogCapture;
using funnel::testing::ManualClock;
using funnel::testing::run_ready;
using namespace std::chrono_literals;

TEST_CASE("a periodic callback runs at each interval from its start on") {
  ManualClock clock;
  IOLoop loop(clock);
  int runs = 0;
  PeriodicCallback tick([&] { ++runs; }, 10s);
  CHECK(!tick.is_running());
  tick.start();
  tick.start();
  CHECK(tick.is_running());
  run_ready(loop);
  CHECK(runs == 0);
  for (int i = 1; i <= 3; ++i) {
    clock.advance(10s - 1ns);
    run_ready(loop);
    CHECK(runs == i - 1);
    clock.advance(1ns);
    run_ready(loop);
    CHECK(runs == i);
  }
  tick.stop();
  tick.stop();
  clock.advance(1h);
  run_ready(loop);
  CHECK(runs == 3);
  tick.start();
  clock.advance(10s);
  run_ready(loop);
  CHECK(runs == 4);
}

TEST_CASE("a periodic callback keeps its moments and skips those that have passed") {
  ManualClock clock;
  IOLoop loop(clock);
  const auto begin = clock.now();
  std::optional<funnel::TimePoint> last;
  PeriodicCallback tick(
      [&] {
        last = clock.now();
        clock.advance(4s);  // it takes its time
      },
      10s);
  tick.start();
  clock.advance(10s);
  run_ready(loop);
  CHECK(last == begin + 10s);
  clock.set(begin + 20s);
  run_ready(loop);
  CHECK(last == begin + 20s);  // not 24 s
  clock.set(begin + 57s);      // something else has kept the loop
  run_ready(loop);
  CHECK(last == begin + 57s);  // one of the moments is made up for
  clock.set(begin + 70s - 1ns);
  run_ready(loop);
  CHECK(last == begin + 57s);  // and 60 s was skipped, since the run has lasted until 61 s
  clock.advance(1ns);
  run_ready(loop);
  CHECK(last == begin + 70s);
}

TEST_CASE("a periodic callback may stop or destroy itself and goes on after an exception") {
  const LogCapture log;
  ManualClock clock;
  IOLoop loop(clock);
  int runs = 0;
  auto held = std::make_shared<int>(0);
  std::optional<PeriodicCallback> tick;
  tick.emplace(
      [&, held] {
        ++runs;
        if (runs == 1) throw std::runtime_error("the first run has failed");
        if (runs == 2) return;
        tick.reset();
        ++*held;  // what it holds is still there
      },
      1s);
  tick->start();
  for (int i = 0; i < 5; ++i) {
    clock.advance(1s);
    run_ready(loop);
  }
  CHECK(runs == 3);
  CHECK(log.contains("the first run has failed"));
  CHECK(held.use_count() == 1);
}

TEST_CASE("a periodic callback keeps what it counts and may have a long interval") {
  ManualClock clock;
  IOLoop loop(clock);
  int last = 0;
  PeriodicCallback count([&last, n = 0]() mutable { last = ++n; }, 1s);
  PeriodicCallback never([&] { last = -1; }, funnel::Duration::max());
  count.start();
  never.start();
  for (int i = 0; i < 3; ++i) {
    clock.advance(1s);
    run_ready(loop);
  }
  CHECK(last == 3);
}

TEST_CASE("an interval has to be positive") {
  IOLoop loop;
  CHECK_THROWS_AS(PeriodicCallback([] {}, 0s), std::invalid_argument);
  CHECK_THROWS_AS(PeriodicCallback([] {}, -1s), std::invalid_argument);
}

TEST_CASE("a callback that keeps the loop for too long is reported") {
  const LogCapture log;
  ManualClock clock;
  IOLoop loop(clock);
  loop.add_callback([&] { clock.advance(10s); });
  run_ready(loop);
  CHECK(log.size() == 0);  // nobody has asked for a report

  loop.set_blocking_log_threshold(100ms);
  loop.add_callback([&] { clock.advance(100ms); });
  run_ready(loop);
  CHECK(log.size() == 0);
  loop.add_callback([&] { clock.advance(150ms); });
  run_ready(loop);
  CHECK(log.size() == 1);
  CHECK(log.contains("the loop was blocked for 150 ms by a callback"));
  loop.call_later(0s, [&] { clock.advance(200ms); });
  run_ready(loop);
  CHECK(log.contains("the loop was blocked for 200 ms by a timer"));
}
