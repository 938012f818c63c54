#include <funnel/gen.h>

#include <funnel/future.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::Started;
using core_tests::Witness;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

namespace {

Task<int> number_after(Duration delay, int number) {
  co_await gen::sleep(delay);
  co_return number;
}

Task<> note_after(Duration delay, std::string& notes, char name) {
  co_await gen::sleep(delay);
  notes += name;
}

Task<int> fail_after(Duration delay, const char* what) {
  co_await gen::sleep(delay);
  throw std::runtime_error(what);
}

Task<std::unique_ptr<int>> owned(int number) { co_return std::make_unique<int>(number); }

Task<int> await_future(Future<int> future) { co_return co_await std::move(future); }

Task<> take_turns(std::string& notes, char name) {
  for (int i = 0; i < 3; ++i) {
    notes += name;
    co_await gen::sleep(0s);
  }
}

Task<> clean_up(std::string& notes, Duration delay) {
  const Witness witness(notes);
  co_await gen::sleep(delay);
}

/// Ignores the cancellation and gives a value all the same.
Task<int> stubborn() {
  try {
    co_await gen::sleep(1h);
  } catch (const Cancelled&) {
  }
  co_return 6;
}

Task<int> fail_when_cancelled() {
  try {
    co_await gen::sleep(1h);
  } catch (const Cancelled&) {
    throw std::runtime_error("could not clean up");
  }
  co_return 0;
}

}  // namespace

TEST_SUITE("core.gen.sleep") {
  TEST_CASE("sleep waits for its time on the loop's clock") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const Started task(note_after(2s, notes, 'x'));
    clock.advance(2s - 1ns);
    run_ready(loop);
    CHECK(notes.empty());
    clock.advance(1ns);
    CHECK(notes.empty());
    run_ready(loop);
    CHECK(notes == "x");
  }

  TEST_CASE("sleepers wake in the order of their deadlines") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const Started c(note_after(3s, notes, 'c'));
    const Started a(note_after(1s, notes, 'a'));
    const Started b(note_after(2s, notes, 'b'));
    clock.advance(1h);
    run_ready(loop);
    CHECK(notes == "abc");
  }

  TEST_CASE("sleeping for no time lets others run") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const Started a(take_turns(notes, 'a'));
    const Started b(take_turns(notes, 'b'));
    run_ready(loop);
    CHECK(notes == "ababab");
    const Started past(note_after(-1h, notes, 'x'));
    CHECK(!past.done());
    run_ready(loop);
    CHECK(past.done());
  }

  TEST_CASE("a hundred thousand sleeps in a row need no stack") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const auto rounds = []() -> Task<int> {
      int count = 0;
      for (; count < 100'000; ++count) co_await gen::sleep(count % 2 == 0 ? Duration(0) : 1ms);
      co_return count;
    };
    CHECK(loop.run_sync(rounds()) == 100'000);
  }
}

TEST_SUITE("core.gen.multi") {
  TEST_CASE("multi runs all at the same time and keeps their order") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const TimePoint begin = loop.time();
    std::vector<Task<int>> tasks;
    tasks.push_back(number_after(3s, 1));
    tasks.push_back(number_after(1s, 2));
    tasks.push_back(number_after(2s, 3));
    CHECK(loop.run_sync(gen::multi(std::move(tasks))) == std::vector<int>{1, 2, 3});
    CHECK(loop.time() - begin == 3s);
  }

  TEST_CASE("multi of a map keeps the keys") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    std::map<std::string, Task<int>> tasks;
    tasks.emplace("two", number_after(1s, 2));
    tasks.emplace("one", number_after(2s, 1));
    const auto results = loop.run_sync(gen::multi(std::move(tasks)));
    CHECK(results == std::map<std::string, int>{{"one", 1}, {"two", 2}});
  }

  TEST_CASE("multi of a map keeps its order, and of tasks without a value gives none") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    std::map<int, Task<int>, std::function<bool(int, int)>> downwards(std::greater<>{});
    downwards.emplace(1, number_after(1s, 10));
    downwards.emplace(2, number_after(2s, 20));
    const auto results = loop.run_sync(gen::multi(std::move(downwards)));
    REQUIRE(results.size() == 2);
    CHECK(*results.begin() == std::pair<const int, int>(2, 20));

    std::string notes;
    std::map<std::string, Task<>> tasks;
    tasks.emplace("first", note_after(2s, notes, 'b'));
    tasks.emplace("second", note_after(1s, notes, 'a'));
    loop.run_sync(gen::multi(std::move(tasks)));
    CHECK(notes == "ab");
  }

  TEST_CASE("multi takes tasks without a value, values that only move, and futures") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    std::string notes;
    std::vector<Task<>> tasks;
    tasks.push_back(note_after(2s, notes, 'b'));
    tasks.push_back(note_after(1s, notes, 'a'));
    tasks.push_back(Task<>());
    loop.run_sync(gen::multi(std::move(tasks)));
    CHECK(notes == "ab");

    std::vector<Task<std::unique_ptr<int>>> moving;
    moving.push_back(owned(8));
    CHECK(*loop.run_sync(gen::multi(std::move(moving))).front() == 8);

    const Promise<int> promise;
    std::vector<Future<int>> futures{promise.future(), promise.future()};
    loop.call_later(1s, [&] { promise.set_value(5); });
    CHECK(loop.run_sync(gen::multi(std::move(futures))) == std::vector<int>{5, 5});

    std::vector<gen::Sleep> sleeps;
    sleeps.push_back(gen::sleep(1s));
    loop.run_sync(gen::multi(std::move(sleeps)));
  }

  TEST_CASE("multi of nothing is done at once") {
    IOLoop loop;
    CHECK(loop.run_sync(gen::multi(std::vector<Task<int>>())).empty());
    CHECK(loop.run_sync(gen::multi(std::map<int, Task<int>>())).empty());
    loop.run_sync(gen::multi(std::vector<Task<>>()));
    loop.run_sync(gen::multi(std::map<int, Task<>>()));
  }

  TEST_CASE("multi waits for all, throws the first failure in order and logs the others") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const LogCapture log;
    const TimePoint begin = loop.time();
    std::vector<Task<int>> tasks;
    tasks.push_back(number_after(5s, 1));
    tasks.push_back(fail_after(2s, "later in time"));
    tasks.push_back(fail_after(1s, "later in order"));
    CHECK_THROWS_WITH(loop.run_sync(gen::multi(std::move(tasks))), "later in time");
    CHECK(loop.time() - begin == 5s);
    REQUIRE(log.size() == 1);
    CHECK(log.contains("later in order"));
  }

  TEST_CASE("multi may be nested") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    std::vector<Task<std::vector<int>>> rows;
    for (int row = 0; row < 3; ++row) {
      std::vector<Task<int>> tasks;
      tasks.reserve(3);
      for (int i = 0; i < 3; ++i) tasks.push_back(number_after(1s * i, 3 * row + i));
      rows.push_back(gen::multi(std::move(tasks)));
    }
    const auto results = loop.run_sync(gen::multi(std::move(rows)));
    CHECK(results == std::vector<std::vector<int>>{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}});
  }

  TEST_CASE("a hundred thousand tasks are joined") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    std::vector<Task<int>> tasks;
    tasks.reserve(100'000);
    for (int i = 0; i < 100'000; ++i) tasks.push_back(number_after(i % 7 * 1s, i));
    const auto results = loop.run_sync(gen::multi(std::move(tasks)));
    CHECK(results.size() == 100'000);
    CHECK(results.back() == 99'999);
  }
}

TEST_SUITE("core.gen.with_timeout") {
  TEST_CASE("what ends in time gives its value or its exception") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    CHECK(loop.run_sync(gen::with_timeout(2s, number_after(1s, 4))) == 4);
    CHECK(loop.run_sync(gen::with_timeout(loop.time() + 2s, number_after(1s, 5))) == 5);
    CHECK_THROWS_WITH(loop.run_sync(gen::with_timeout(2s, fail_after(1s, "own"))), "own");
  }

  TEST_CASE("what does not end in time is cancelled, cleans up, and TimeoutError is thrown") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    std::string notes;
    const TimePoint begin = loop.time();
    CHECK_THROWS_AS(loop.run_sync(gen::with_timeout(1s, clean_up(notes, 1h))), TimeoutError);
    CHECK(notes == "destroyed ");
    CHECK(loop.time() - begin == 1s);
  }

  TEST_CASE("a duration counts from the start of the wait, on the clock of its loop") {
    ManualClock early;
    ManualClock late(ManualClock::WhenIdle::skip);
    late.advance(24h);
    IOLoop first(early);
    IOLoop second(late);
    Task<int> in_time = gen::with_timeout(2s, number_after(1s, 4));
    Task<int> too_late = gen::with_timeout(1s, number_after(2s, 5));
    late.advance(1h);
    CHECK(second.run_sync(std::move(in_time)) == 4);
    const TimePoint begin = late.now();
    CHECK_THROWS_AS(second.run_sync(std::move(too_late)), TimeoutError);
    CHECK(late.now() - begin == 1s);
  }

  TEST_CASE("a time that is up already ends what waits, not what is done") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const Promise<int> promise;
    CHECK_THROWS_AS(loop.run_sync(gen::with_timeout(-1s, promise.future())), TimeoutError);
    CHECK_THROWS_AS(loop.run_sync(gen::with_timeout(0s, promise.future())), TimeoutError);
    promise.set_value(3);
    CHECK(loop.run_sync(gen::with_timeout(-1s, promise.future())) == 3);
  }

  TEST_CASE("the future that was awaited is not touched by the time-out") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const Promise<int> promise;
    const Future<int> future = promise.future();
    CHECK_THROWS_AS(loop.run_sync(gen::with_timeout(1s, future)), TimeoutError);
    CHECK(!future.done());
    promise.set_value(2);
    CHECK(loop.run_sync(await_future(future)) == 2);
  }

  TEST_CASE("a value that came in spite of the time-out is kept, and so is another exception") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    CHECK(loop.run_sync(gen::with_timeout(1s, stubborn())) == 6);
    CHECK_THROWS_WITH(loop.run_sync(gen::with_timeout(1s, fail_when_cancelled())),
                      "could not clean up");
  }

  TEST_CASE("a value that came in the turn of the time-out is kept") {
    ManualClock clock;
    IOLoop loop(clock);
    const Promise<int> promise;
    loop.call_later(1s, [&] { promise.set_value(1); });
    int result = 0;
    const Started task([](Future<int> future, int& out) -> Task<> {
      out = co_await gen::with_timeout(1s, std::move(future));
    }(promise.future(), result));
    clock.advance(1s);
    run_ready(loop);
    CHECK(result == 1);
  }

  TEST_CASE("the inner of two time-outs strikes alone") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const TimePoint begin = loop.time();
    const auto outer = []() -> Task<std::string> {
      try {
        co_await gen::with_timeout(1s, gen::sleep(1h));
      } catch (const TimeoutError&) {
      }
      co_await gen::sleep(1s);
      co_return "went on";
    };
    CHECK(loop.run_sync(gen::with_timeout(3s, outer())) == "went on");
    CHECK(loop.time() - begin == 2s);
  }

  TEST_CASE("the outer of two time-outs ends both") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const TimePoint begin = loop.time();
    CHECK_THROWS_AS(loop.run_sync(gen::with_timeout(1s, gen::with_timeout(5s, gen::sleep(1h)))),
                    TimeoutError);
    CHECK(loop.time() - begin == 1s);
  }

  TEST_CASE("a time-out that was not needed leaves no timer") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const auto limited = []() -> Task<> {
      co_await gen::with_timeout(1h, gen::sleep(1s));
      co_await gen::sleep(1s);
    };
    const TimePoint begin = loop.time();
    loop.run_sync(limited());
    CHECK(loop.time() - begin == 2s);
    const Promise<int> promise;
    CHECK_THROWS_WITH(loop.run_sync(await_future(promise.future())),
                      "run_sync: nothing is left that could wake the task");
  }

  TEST_CASE("a hundred thousand time-outs in a row need no stack") {
    ManualClock clock;
    IOLoop loop(clock);
    const auto rounds = []() -> Task<int> {
      int total = 0;
      for (int i = 0; i < 100'000; ++i)
        total += co_await gen::with_timeout(1s, number_after(0s, 1));
      co_return total;
    };
    CHECK(loop.run_sync(rounds()) == 100'000);
  }
}
