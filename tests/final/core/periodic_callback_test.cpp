#include <funnel/ioloop.h>

#include <funnel/gen.h>
#include <funnel/task.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/periodic_timer.h"
#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

namespace {

/// Notes when something runs, in seconds since it was made.
class Diary {
 public:
  explicit Diary(Clock& clock) : clock_(clock), begin_(clock.now()) {}
  void note() { seconds_.push_back(std::chrono::duration<double>(clock_.now() - begin_).count()); }
  std::vector<double> seconds() { return std::exchange(seconds_, {}); }

 private:
  Clock& clock_;
  TimePoint begin_;
  std::vector<double> seconds_;
};

/// Moves the clock on, second by second, and lets the loop run after each.
void pass(ManualClock& clock, IOLoop& loop, int seconds) {
  for (int i = 0; i < seconds; ++i) {
    clock.advance(1s);
    run_ready(loop);
  }
}

using Seconds = std::vector<double>;

}  // namespace

TEST_SUITE("core.periodic_callback") {
  TEST_CASE("it runs once in each interval, for the first time one interval after start") {
    ManualClock clock;
    IOLoop loop(clock);
    Diary diary(clock);
    PeriodicCallback ticker([&] { diary.note(); }, 10s);
    CHECK(!ticker.is_running());
    pass(clock, loop, 20);
    CHECK(diary.seconds().empty());
    ticker.start();
    CHECK(ticker.is_running());
    pass(clock, loop, 35);
    CHECK(diary.seconds() == Seconds{30, 40, 50});
  }

  TEST_CASE("the time that a run takes does not move the next one; moments within it are skipped") {
    ManualClock clock;
    IOLoop loop(clock);
    Diary diary(clock);
    const std::vector<int> durations{9, 9, 10, 11, 20, 20, 35, 35, 0, 0, 0};
    std::size_t calls = 0;
    PeriodicCallback ticker(
        [&] {
          diary.note();
          clock.advance(std::chrono::seconds(durations.at(calls++)));
        },
        10s);
    ticker.start();
    while (calls < durations.size()) pass(clock, loop, 1);
    CHECK(diary.seconds() == Seconds{10, 20, 30, 50, 70, 100, 130, 170, 210, 220, 230});
  }

  TEST_CASE("moments that pass while the loop is kept are skipped, not made up for") {
    ManualClock clock;
    IOLoop loop(clock);
    Diary diary(clock);
    PeriodicCallback ticker([&] { diary.note(); }, 10s);
    ticker.start();
    clock.advance(35s);
    run_ready(loop);
    CHECK(diary.seconds() == Seconds{35});
    pass(clock, loop, 10);
    CHECK(diary.seconds() == Seconds{40});
  }

  TEST_CASE("a clock that goes back does not change the interval") {
    const TimePoint last{1000s};
    CHECK(detail::next_moment(last, last, 10s) == last + 10s);
    CHECK(detail::next_moment(last, last - 2s, 10s) == last + 10s);
    CHECK(detail::next_moment(last, last - 100s, 10s) == last + 10s);
    CHECK(detail::next_moment(last, last + 10s, 10s) == last + 20s);
    CHECK(detail::next_moment(last, last, Duration::max()) == TimePoint::max());
  }

  TEST_CASE("jitter stretches or shrinks an interval by half of itself at most") {
    CHECK(detail::jittered(10s, 0.5, 0.5) == 10s);
    CHECK(detail::jittered(10s, 0.5, 1) == 12500ms);
    CHECK(detail::jittered(10s, 0.5, 0) == 7500ms);
    CHECK(detail::jittered(10s, 0.5, 0.75) == 11250ms);
    CHECK(detail::jittered(Duration::max(), 1, 1) == Duration::max());
    CHECK(detail::jittered(1ns, 1, 0) == 1ns);
  }

  TEST_CASE("with jitter the intervals differ, within their limits") {
    ManualClock clock;
    IOLoop loop(clock);
    Diary diary(clock);
    PeriodicCallback ticker([&] { diary.note(); }, 1000s, 0.2);
    ticker.start();
    pass(clock, loop, 20'000);
    ticker.stop();
    const Seconds runs = diary.seconds();
    REQUIRE(runs.size() >= 18);
    double least = std::numeric_limits<double>::max();
    double most = 0;
    for (std::size_t i = 1; i < runs.size(); ++i) {
      least = std::min(least, runs[i] - runs[i - 1]);
      most = std::max(most, runs[i] - runs[i - 1]);
    }
    CHECK(least >= 899);  // the clock moves by whole seconds
    CHECK(most <= 1101);
    CHECK(most - least > 10);
  }

  TEST_CASE("after stop it runs no more; start begins anew") {
    ManualClock clock;
    IOLoop loop(clock);
    Diary diary(clock);
    PeriodicCallback ticker([&] { diary.note(); }, 10s);
    ticker.stop();
    ticker.start();
    pass(clock, loop, 15);
    ticker.stop();
    ticker.stop();
    CHECK(!ticker.is_running());
    pass(clock, loop, 15);
    ticker.start();
    pass(clock, loop, 5);
    ticker.start();  // harmless while it is running
    pass(clock, loop, 5);
    CHECK(diary.seconds() == Seconds{10, 40});
  }

  TEST_CASE("the callback may stop it, start it anew, or destroy it") {
    ManualClock clock;
    IOLoop loop(clock);
    Diary diary(clock);
    std::optional<PeriodicCallback> ticker;
    int calls = 0;
    auto held = std::make_shared<int>();
    ticker.emplace(
        [&, held] {
          diary.note();
          if (++calls == 1) {
            clock.advance(3s);
            ticker->stop();
            ticker->start();
          } else if (calls == 2) {
            ticker->stop();
          } else {
            ticker.reset();
            CHECK(held.use_count() == 2);  // what the callback holds lives until its end
          }
        },
        10s);
    ticker->start();
    pass(clock, loop, 40);
    CHECK(diary.seconds() == Seconds{10, 23});
    ticker->start();
    pass(clock, loop, 40);
    CHECK(diary.seconds() == Seconds{53});
    CHECK(held.use_count() == 1);
  }

  TEST_CASE("destroying it stops it") {
    ManualClock clock;
    IOLoop loop(clock);
    int calls = 0;
    {
      PeriodicCallback ticker([&] { ++calls; }, 10s);
      ticker.start();
      pass(clock, loop, 10);
    }
    pass(clock, loop, 50);
    CHECK(calls == 1);
  }

  TEST_CASE("an exception is logged, and it runs again at the next moment") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    PeriodicCallback ticker([] { throw std::runtime_error("no bell"); }, 10s);
    ticker.start();
    pass(clock, loop, 20);
    REQUIRE(log.size() == 2);
    CHECK(log.records()[1].message == "Exception in timer: no bell");
  }

  TEST_CASE("an interval that is not positive, or a jitter that is not from 0 to 1, is refused") {
    ManualClock clock;
    const IOLoop loop(clock);
    const auto nothing = [] {};
    CHECK_THROWS_AS(PeriodicCallback(nothing, 0s), std::invalid_argument);
    CHECK_THROWS_AS(PeriodicCallback(nothing, -1s), std::invalid_argument);
    CHECK_THROWS_AS(PeriodicCallback(nothing, 1s, -0.1), std::invalid_argument);
    CHECK_THROWS_AS(PeriodicCallback(nothing, 1s, 1.1), std::invalid_argument);
    CHECK_THROWS_AS(PeriodicCallback(nothing, 1s, std::numeric_limits<double>::quiet_NaN()),
                    std::invalid_argument);
  }

  TEST_CASE("a hundred thousand runs in a row need no stack, of tasks neither") {
    ManualClock clock;
    IOLoop loop(clock);
    int runs = 0;
    const auto pass_100_000 = [&] {
      for (int i = 0; i < 100'000; ++i) {
        clock.advance(1ns);
        run_ready(loop);
      }
      return std::exchange(runs, 0);
    };
    {
      PeriodicCallback plain([&] { ++runs; }, 1ns);
      plain.start();
      CHECK(pass_100_000() == 100'000);
    }
    PeriodicCallback tasks(
        [&]() -> Task<> {
          ++runs;
          co_return;
        },
        1ns);
    tasks.start();
    CHECK(pass_100_000() == 100'000);
  }

  TEST_CASE("a loop that is destroyed before it, and a call from another thread, abort") {
    const auto outlived = core_tests::run_in_child([] {
      auto loop = std::make_unique<IOLoop>();
      const PeriodicCallback ticker([] {}, 10s);
      loop.reset();
    });
    CHECK(outlived.aborted());
    CHECK(outlived.errors.find("or its periodic callbacks") != std::string::npos);
#if FUNNEL_CHECK_THREADS
    const auto elsewhere = core_tests::run_in_child([] {
      IOLoop loop;
      PeriodicCallback ticker([] {}, 10s);
      std::thread([&] { ticker.start(); }).join();
    });
    CHECK(elsewhere.aborted());
    CHECK(elsewhere.errors.find("PeriodicCallback::start was called") != std::string::npos);
#endif
  }
}

TEST_SUITE("core.periodic_callback.tasks") {
  TEST_CASE("a run lasts until its task has ended: two never overlap") {
    ManualClock clock;
    IOLoop loop(clock);
    Diary diary(clock);
    PeriodicCallback ticker(
        [&]() -> Task<> {
          diary.note();
          co_await gen::sleep(12s);
          diary.note();
        },
        10s);
    ticker.start();
    pass(clock, loop, 45);
    CHECK(diary.seconds() == Seconds{10, 22, 30, 42});
  }

  TEST_CASE("stop lets the task end; a start before that waits for it") {
    ManualClock clock;
    IOLoop loop(clock);
    Diary diary(clock);
    PeriodicCallback ticker(
        [&]() -> Task<> {
          diary.note();
          co_await gen::sleep(12s);
          diary.note();
        },
        10s);
    ticker.start();
    pass(clock, loop, 11);
    ticker.stop();
    pass(clock, loop, 30);
    CHECK(diary.seconds() == Seconds{10, 22});
    ticker.start();
    pass(clock, loop, 11);
    CHECK(diary.seconds() == Seconds{51});
    ticker.stop();
    ticker.start();  // at 52; the task runs until 63
    pass(clock, loop, 21);
    CHECK(diary.seconds() == Seconds{63, 72});
  }

  TEST_CASE("destroying it destroys the task that runs") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    std::optional<PeriodicCallback> ticker;
    ticker.emplace([&notes] { return core_tests::hold(notes); }, 10s);
    ticker->start();
    pass(clock, loop, 10);
    CHECK(notes.empty());
    ticker.reset();
    CHECK(notes == "destroyed ");
    pass(clock, loop, 30);
    CHECK(notes == "destroyed ");
  }

  TEST_CASE("a task that has just ended is destroyed with it") {
    ManualClock clock;
    IOLoop loop(clock);
    std::optional<PeriodicCallback> ticker;
    int runs = 0;
    ticker.emplace(
        [&]() -> Task<> {
          ++runs;
          loop.add_callback([&] { ticker.reset(); });  // before the loop hears of the task's end
          co_return;
        },
        10s);
    ticker->start();
    pass(clock, loop, 30);
    CHECK(runs == 1);
  }

  TEST_CASE("a task may own the object that owns it") {
    ManualClock clock;
    IOLoop loop(clock);
    struct Owner {
      int runs = 0;
      std::optional<PeriodicCallback> ticker;
    };
    auto owner = std::make_shared<Owner>();
    const std::weak_ptr<Owner> watch = owner;
    const auto work = [](std::shared_ptr<Owner> self) -> Task<> {
      co_await gen::sleep(1s);
      ++self->runs;
    };
    owner->ticker.emplace([watch, work] { return work(watch.lock()); }, 10s);
    owner->ticker->start();
    pass(clock, loop, 15);
    CHECK(owner->runs == 1);
    pass(clock, loop, 5);
    owner.reset();
    CHECK(!watch.expired());
    pass(clock, loop, 1);
    CHECK(watch.expired());
  }

  TEST_CASE("what a task throws, or the function that makes it, is logged, and it runs again") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    int calls = 0;
    const auto fail = []() -> Task<> {
      co_await gen::sleep(1s);
      throw std::runtime_error("in the task");
    };
    PeriodicCallback ticker(
        [&] {
          if (++calls == 2) throw std::runtime_error("in the function");
          return calls == 1 ? fail() : Task<>();
        },
        10s);
    ticker.start();
    pass(clock, loop, 50);
    CHECK(calls == 5);
    REQUIRE(log.size() == 2);
    CHECK(log.records()[0].message == "Exception in timer: in the task");
    CHECK(log.records()[1].message == "Exception in timer: in the function");
  }
}
