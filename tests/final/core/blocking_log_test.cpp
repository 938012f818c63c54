#include <funnel/ioloop.h>

#include <funnel/gen.h>
#include <funnel/task.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

namespace {

/// Keeps the loop, as far as the clock knows.
class Keep {
 public:
  Keep(ManualClock& clock, Duration time) : clock_(&clock), time_(time) {}
  void operator()() const { clock_->advance(time_); }

 private:
  ManualClock* clock_;
  Duration time_;
};

Task<> keep_first(ManualClock& clock, Duration time) {
  clock.advance(time);
  co_await gen::sleep(0s);
}

Task<> keep_later(ManualClock& clock, Duration time) {
  co_await gen::sleep(1s);
  clock.advance(time);
}

Task<> keep_alone(ManualClock& clock, Duration time) {
  clock.advance(time);
  co_return;
}

/// Returns the only record; it is a warning of the general logger.
std::string only_warning(const LogCapture& log) {
  REQUIRE(log.size() == 1);
  const LogCapture::Record record = log.records()[0];
  CHECK(record.logger == "general");
  CHECK(record.level == log::Level::warning);
  return record.message;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("core.ioloop.blocking_log") {
  TEST_CASE(
      "a callback that keeps the loop for longer than the threshold is named, with its time") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    loop.add_callback(Keep(clock, 150ms));  // added before the threshold is set
    loop.set_blocking_log_threshold(100ms);
    run_ready(loop);
    const std::string message = only_warning(log);
    CHECK(message.starts_with("the loop was blocked for 150 ms by a callback: "));
    CHECK(message.ends_with("Keep"));
  }

  TEST_CASE("what takes no longer than the threshold is not worth a word") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    loop.set_blocking_log_threshold(100ms);
    for (int i = 0; i < 10; ++i) loop.add_callback(Keep(clock, 100ms));
    run_ready(loop);
    CHECK(log.size() == 0);
  }

  TEST_CASE("without a threshold, and with one of zero or less, nothing is logged") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    loop.add_callback(Keep(clock, 1h));
    run_ready(loop);
    loop.set_blocking_log_threshold(1ms);
    for (const Duration off : {Duration::zero(), Duration(-1ms)}) {
      loop.set_blocking_log_threshold(off);
      loop.add_callback(Keep(clock, 1h));
      loop.call_later(0s, Keep(clock, 1h));
      spawn_callback(keep_first(clock, 1h));
      run_ready(loop);
    }
    CHECK(log.size() == 0);
  }

  TEST_CASE("a timer is named, a periodic callback by its own function") {
    ManualClock clock;
    IOLoop loop(clock);
    loop.set_blocking_log_threshold(100ms);
    {
      const LogCapture log;
      loop.call_later(1s, Keep(clock, 101ms));
      clock.advance(1s);
      run_ready(loop);
      const std::string message = only_warning(log);
      CHECK(message.starts_with("the loop was blocked for 101 ms by a timer: "));
      CHECK(message.ends_with("Keep"));
    }
    const LogCapture log;
    PeriodicCallback ticker(Keep(clock, 2s), 10s);
    ticker.start();
    clock.advance(10s);
    run_ready(loop);
    const std::string message = only_warning(log);
    CHECK(message.starts_with("the loop was blocked for 2000 ms by a timer: "));
    CHECK(message.ends_with("Keep"));
  }

  TEST_CASE("a handler is named") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    const core_tests::Pipe pipe;
    loop.set_blocking_log_threshold(100ms);
    loop.add_handler(pipe.reader(), IOLoop::read, [&](int fd, unsigned) {
      clock.advance(300ms);
      loop.remove_handler(fd);
    });
    pipe.put('a');
    run_ready(loop);
    const std::string message = only_warning(log);
    CHECK(message.starts_with("the loop was blocked for 300 ms by a handler: "));
    CHECK(contains(message, "lambda"));
  }

  TEST_CASE("a coroutine is named by the place of its wait before the step") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    loop.set_blocking_log_threshold(100ms);
    spawn_callback(keep_later(clock, 200ms));
    run_ready(loop);
    CHECK(log.size() == 0);
    clock.advance(1s);
    run_ready(loop);
    const std::string message = only_warning(log);
    CHECK(
        message.starts_with("the loop was blocked for 200 ms by a coroutine: keep_later, after "));
    CHECK(contains(message, "blocking_log_test.cpp:"));
  }

  TEST_CASE("the first step of a coroutine is named by the wait after it") {
    ManualClock clock;
    IOLoop loop(clock);
    loop.set_blocking_log_threshold(100ms);
    const std::string begin = "the loop was blocked for 200 ms by a coroutine: ";
    {
      const LogCapture log;
      spawn_callback(keep_first(clock, 200ms));
      run_ready(loop);
      CHECK(only_warning(log).starts_with(begin + "keep_first, before its wait at "));
    }
    {
      const LogCapture log;
      loop.run_sync(keep_first(clock, 200ms));
      CHECK(only_warning(log).starts_with(begin + "keep_first, before its wait at "));
    }
    const LogCapture log;
    spawn_callback(keep_alone(clock, 200ms));
    spawn_callback(Task<>());
    run_ready(loop);
    CHECK(only_warning(log) == begin + "one that does not wait");
  }

  TEST_CASE("what throws is reported, too") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    loop.set_blocking_log_threshold(100ms);
    loop.add_callback([&clock] {
      clock.advance(1s);
      throw std::runtime_error("too late");
    });
    run_ready(loop);
    REQUIRE(log.size() == 2);
    CHECK(log.records()[0].message == "Exception in callback: too late");
    CHECK(log.records()[1].message.starts_with("the loop was blocked for 1000 ms by a callback: "));
  }

  TEST_CASE("the machine's clock measures, too") {
    IOLoop loop;
    const LogCapture log;
    loop.set_blocking_log_threshold(1ms);
    loop.add_callback([] { std::this_thread::sleep_for(5ms); });
    run_ready(loop);
    CHECK(log.contains("the loop was blocked for "));
  }
}
