#include <funnel/ioloop.h>

#include <funnel/gen.h>
#include <funnel/task.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

namespace {

class AddsWhenDestroyed {
 public:
  AddsWhenDestroyed(IOLoop& loop, std::string& ran) : loop_(&loop), ran_(&ran) {}
  AddsWhenDestroyed(const AddsWhenDestroyed&) = default;
  AddsWhenDestroyed& operator=(const AddsWhenDestroyed&) = delete;
  ~AddsWhenDestroyed() {
    loop_->add_callback([ran = ran_] { *ran += "callback "; });
    loop_->call_later(0s, [ran = ran_] { *ran += "timer "; });
    if (--generations_ >= 0) spawn_callback(keep(std::make_shared<AddsWhenDestroyed>(*this)));
  }

 private:
  static Task<> keep(std::shared_ptr<AddsWhenDestroyed>) { co_return; }

  IOLoop* loop_;
  std::string* ran_;
  int generations_ = 2;
};

}  // namespace

TEST_SUITE("core.ioloop.callbacks") {
  TEST_CASE("callbacks run in the order of the calls, and not inside them") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string order;
    for (const char name : std::string("abc")) loop.add_callback([&order, name] { order += name; });
    CHECK(order.empty());
    run_ready(loop);
    CHECK(order == "abc");
  }

  TEST_CASE("a callback that is added by a callback runs in the next turn") {
    ManualClock clock;
    IOLoop loop(clock);
    int runs = 0;
    int runs_at_timer = -1;
    std::function<void()> again = [&] {
      if (++runs < 1000) loop.add_callback(again);
    };
    loop.add_callback(again);
    loop.call_later(0s, [&] { runs_at_timer = runs; });
    run_ready(loop);
    CHECK(runs == 1000);
    CHECK(runs_at_timer >= 0);
    CHECK(runs_at_timer < 5);  // the chain of callbacks did not keep the timer waiting
  }

  TEST_CASE("an exception from a callback is logged and the loop goes on") {
    ManualClock clock;
    IOLoop loop(clock);
    LogCapture log;
    bool ran = false;
    loop.add_callback([] { throw std::runtime_error("spilt milk"); });
    loop.add_callback([] { throw 42; });
    loop.add_callback([&] { ran = true; });
    run_ready(loop);
    CHECK(ran);
    REQUIRE(log.size() == 2);
    CHECK(log.records()[0].message == "Exception in callback: spilt milk");
    CHECK(log.records()[0].logger == "app");
    CHECK(log.records()[0].level == log::Level::error);
    CHECK(log.contains("not a std::exception"));
  }

  TEST_CASE("what a callback holds is freed after it ran") {
    ManualClock clock;
    IOLoop loop(clock);
    auto held = std::make_shared<int>();
    const std::weak_ptr<int> watch = held;
    loop.add_callback([held = std::move(held)] {});
    CHECK(!watch.expired());
    run_ready(loop);
    CHECK(watch.expired());
  }

  TEST_CASE("callbacks that did not run are freed with the loop") {
    ManualClock clock;
    auto held = std::make_shared<int>();
    const std::weak_ptr<int> watch = held;
    bool ran = false;
    {
      IOLoop loop(clock);
      loop.add_callback([held, &ran] { ran = true; });
      loop.call_later(1s, [held = std::move(held), &ran] { ran = true; });
    }
    CHECK(watch.expired());
    CHECK(!ran);
  }

  TEST_CASE("what is added while the loop is destroyed is dropped") {
    ManualClock clock;
    std::string ran;
    {
      IOLoop loop(clock);
      auto in_callback = std::make_shared<AddsWhenDestroyed>(loop, ran);
      auto in_timer = std::make_shared<AddsWhenDestroyed>(loop, ran);
      loop.add_callback([held = std::move(in_callback)] {});
      loop.call_later(1s, [held = std::move(in_timer)] {});
    }
    CHECK(ran.empty());
  }
}

TEST_SUITE("core.ioloop.running") {
  TEST_CASE("start returns after the callback that called stop, and loses nothing") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string order;
    loop.add_callback([&] { order += 'a'; });
    loop.add_callback([&] {
      order += 'b';
      loop.add_callback([&] { order += 'e'; });
      loop.stop();
    });
    loop.add_callback([&] { order += 'c'; });
    loop.add_callback([&] { order += 'd'; });
    loop.start();
    CHECK(order == "ab");
    loop.add_callback([&] { loop.stop(); });
    loop.start();
    CHECK(order == "abcde");
  }

  TEST_CASE("a timer that stops the loop keeps the others of its turn for the next start") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string order;
    loop.call_later(1s, [&] {
      order += 'a';
      loop.stop();
    });
    loop.call_later(1s, [&] { order += 'b'; });
    loop.call_later(1s, [&] {
      order += 'c';
      loop.stop();
    });
    clock.advance(1s);
    loop.start();
    CHECK(order == "a");
    loop.start();
    CHECK(order == "abc");
  }

  TEST_CASE("stop before start makes the next start return at once, and only that one") {
    ManualClock clock;
    IOLoop loop(clock);
    bool ran = false;
    loop.add_callback([&] {
      ran = true;
      loop.stop();
    });
    loop.stop();
    loop.start();
    CHECK(!ran);
    loop.start();
    CHECK(ran);
  }

  TEST_CASE("a loop that runs cannot be started again from inside") {
    ManualClock clock;
    IOLoop loop(clock);
    IOLoop other(clock);
    int refused = 0;
    loop.add_callback([&] {
      try {
        loop.start();
      } catch (const std::logic_error&) {
        ++refused;
      }
      try {
        other.start();
      } catch (const std::logic_error&) {
        ++refused;
      }
      try {
        run_ready(loop);
      } catch (const std::logic_error&) {
        ++refused;
      }
      loop.stop();
    });
    loop.start();
    CHECK(refused == 3);
  }

  TEST_CASE("the current loop is the one that runs, else the first that was made") {
    ManualClock clock;
    IOLoop first(clock);
    IOLoop second(clock);
    CHECK(&IOLoop::current() == &first);
    IOLoop* inside = nullptr;
    second.add_callback([&] { inside = &IOLoop::current(); });
    run_ready(second);
    CHECK(inside == &second);
    CHECK(&IOLoop::current() == &first);
    CHECK(IOLoop::current_or_null() == &first);
  }

  TEST_CASE("without a loop there is no current one until somebody asks") {
    REQUIRE(IOLoop::current_or_null() == nullptr);
    { const IOLoop loop; }
    CHECK(IOLoop::current_or_null() == nullptr);
  }

  TEST_CASE("a loop tells the time of its clock") {
    ManualClock clock;
    IOLoop loop(clock);
    CHECK(&loop.clock() == &clock);
    const TimePoint before = loop.time();
    clock.advance(5s);
    CHECK(loop.time() - before == 5s);
  }
}

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
