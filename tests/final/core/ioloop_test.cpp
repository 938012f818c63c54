#include <funnel/ioloop.h>

#include <funnel/gen.h>
#include <funnel/task.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
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

  TEST_CASE("the first loop may be destroyed while the second runs") {
    ManualClock clock;
    std::optional<IOLoop> first(std::in_place, clock);
    IOLoop second(clock);
    second.add_callback([&] { first.reset(); });
    run_ready(second);
    CHECK(IOLoop::current_or_null() == nullptr);
    const IOLoop third(clock);
    CHECK(IOLoop::current_or_null() == &third);
  }

  TEST_CASE("callbacks keep their order among spawned tasks and run_sync, before a run too") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string order;
    const auto note = [](std::string& out, char name) -> Task<> {
      out += name;
      co_return;
    };
    loop.add_callback([&] { order += 'a'; });
    spawn_callback(note(order, 'b'));
    loop.add_callback([&] { order += 'c'; });
    loop.run_sync(note(order, 'd'));
    CHECK(order == "abcd");
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
