// final: no, its multi and with_timeout take tasks, and are awaited

#include <funnel/error.h>
#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support/readable.h"
#include "support/story.h"

// Task 3.3.

using funnel::Future;
using funnel::IOLoop;
using funnel::multi;
using funnel::Promise;
using funnel::TimeoutError;
using funnel::with_timeout;
using funnel::testing::LogCapture;
using funnel::testing::ManualClock;
using funnel::testing::run_ready;
using namespace std::chrono_literals;
using test_support::tell;

namespace {

std::exception_ptr failure(const char* what) {
  return std::make_exception_ptr(std::runtime_error(what));
}

template <typename T>
std::string failure_of(const Future<T>& future) {
  try {
    future.result();
  } catch (const std::exception& error) {
    tell("yours", std::string("the future fails: ") + error.what());
    return error.what();
  }
  return "no exception";
}

/// Three promises, whose futures somebody waits for together.
class Three {
 public:
  std::vector<Future<int>> futures() const { return {a.future(), b.future(), c.future()}; }

  Promise<int> a;
  Promise<int> b;
  Promise<int> c;
};

}  // namespace

TEST_CASE("multi has all values in the order of the futures") {
  IOLoop loop;
  const Three three;
  const Future<std::vector<int>> all = multi(three.futures());
  tell("yours", "the results come in the order c, a, b");
  three.c.set_value(3);
  three.a.set_value(1);
  run_ready(loop);
  tell("expected", "one is missing");
  REQUIRE(!all.done());
  three.b.set_value(2);
  run_ready(loop);
  REQUIRE(all.done());
  REQUIRE(all.result() == std::vector<int>{1, 2, 3});
}

TEST_CASE("multi of nothing is done and multi of done futures too") {
  IOLoop loop;
  const Future<std::vector<int>> none = multi(std::vector<Future<int>>{});
  run_ready(loop);
  REQUIRE(none.done());
  CHECK(none.result().empty());
  const Future<> no_values = multi(std::vector<Future<>>{Future<>(), Future<>()});
  run_ready(loop);
  REQUIRE(no_values.done());
  CHECK_NOTHROW(no_values.result());
}

TEST_CASE("multi waits for all of them even when one has failed") {
  const LogCapture log;
  IOLoop loop;
  std::optional<Three> three(std::in_place);
  const Future<std::vector<int>> all = multi(three->futures());
  three->c.set_exception(failure("c failed"));
  run_ready(loop);
  tell("expected", "the other two still run, and are waited for");
  REQUIRE(!all.done());
  three->b.set_exception(failure("b failed"));
  three->a.set_value(1);
  run_ready(loop);
  REQUIRE(all.done());
  three.reset();
  tell("expected", "the first failure in the list counts, and the other one is logged");
  REQUIRE(failure_of(all) == "b failed");
  CHECK(log.size() == 1);
  CHECK(log.contains("c failed"));
}

TEST_CASE("with_timeout has the result if it comes in time") {
  ManualClock clock;
  IOLoop loop(clock);
  const Promise<int> promise;
  const Future<int> future = with_timeout(10s, promise.future());
  clock.advance(10s - 1ns);
  run_ready(loop);
  REQUIRE(!future.done());
  promise.set_value(5);
  run_ready(loop);
  REQUIRE(future.done());
  REQUIRE(future.result() == 5);
  tell("expected", "no timer is left on the loop");
  REQUIRE(!loop.has_work());
}

TEST_CASE("with_timeout fails when time is over and drops what it waited for") {
  const LogCapture log;
  ManualClock clock;
  IOLoop loop(clock);
  bool unwanted = false;
  const Promise<int> promise;
  promise.set_unwanted_callback([&] { unwanted = true; });
  const Future<int> future = with_timeout(10s, promise.future());
  clock.advance(10s);
  run_ready(loop);
  REQUIRE(future.done());
  CHECK_THROWS_AS(future.result(), TimeoutError);
  tell("expected", "nobody holds the first future any more, so its promise hears of it");
  REQUIRE(unwanted);
  tell("yours", "a failure comes, but too late");
  promise.set_exception(failure("too late"));
  run_ready(loop);
  CHECK_THROWS_AS(future.result(), TimeoutError);
}

TEST_CASE("a result in the very turn in which time runs out has come in time") {
  ManualClock clock;
  IOLoop loop(clock);
  const Promise<int> promise;
  const Future<int> future = with_timeout(10s, promise.future());
  tell("clock", "time is over, and the result was set just before");
  promise.set_value(5);
  clock.advance(10s);
  run_ready(loop);
  REQUIRE(future.done());
  REQUIRE(failure_of(future) == "no exception");
  REQUIRE(future.result() == 5);
  const Future<int> done = with_timeout(-1s, promise.future());
  tell("expected", "one that is done already cannot be late");
  REQUIRE(done.done());
}

TEST_CASE("one that never comes does not keep the others from being counted") {
  const LogCapture log;
  ManualClock clock;
  IOLoop loop(clock);
  const Three three;
  std::vector<Future<int>> in_time;
  for (const Future<int>& future : three.futures()) in_time.push_back(with_timeout(1s, future));
  const Future<std::vector<int>> all = multi(in_time);
  three.a.set_value(1);
  three.c.set_value(3);
  clock.advance(1s);
  run_ready(loop);
  REQUIRE(all.done());
  CHECK_THROWS_AS(all.result(), TimeoutError);
  CHECK(in_time[0].result() == 1);
  CHECK(in_time[2].result() == 3);
}
