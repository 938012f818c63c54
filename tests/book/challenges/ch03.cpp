// Tests of the challenges of chapter 3. challenges.h is yours, or the solution next to this file.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <challenges.h>

#include <funnel/testing.h>

#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

// What is tested; these lines also find out whether challenges.h has it as it should.
// #region declarations
namespace challenge {

/// Returns the result of the future that has a value first; if all fail, the failure of the last
/// one that did. There is at least one.
template <typename T>
funnel::Future<T> first_of(const std::vector<funnel::Future<T>>& futures);

/// Calls `start` until the future that it returns has a value, `times` times at most, and returns
/// that value or the last failure. Between the calls there are pauses, `pause` first, and then
/// twice as long each time.
template <typename T>
funnel::Future<T> retry(int times, funnel::Duration pause,
                        std::function<funnel::Future<T>()> start);

}  // namespace challenge
// #endregion declarations

using funnel::Future;
using funnel::IOLoop;
using funnel::Promise;
using funnel::testing::LogCapture;
using funnel::testing::ManualClock;
using funnel::testing::run_ready;
using namespace std::chrono_literals;

namespace {

std::exception_ptr failure(const std::string& what) {
  return std::make_exception_ptr(std::runtime_error(what));
}

}  // namespace

TEST_CASE("the first value wins and later ones do no harm") {
  const LogCapture log;
  IOLoop loop;
  const Promise<int> a;
  const Promise<int> b;
  const Promise<int> c;
  const Future<int> first =
      challenge::first_of(std::vector<Future<int>>{a.future(), b.future(), c.future()});
  b.set_exception(failure("b failed"));
  run_ready(loop);
  CHECK(!first.done());
  c.set_value(3);
  run_ready(loop);
  REQUIRE(first.done());
  CHECK(first.result() == 3);
  a.set_value(1);
  run_ready(loop);
  CHECK(first.result() == 3);
  CHECK(log.size() == 0);
}

TEST_CASE("if all fail there is a failure") {
  IOLoop loop;
  const Promise<int> a;
  const Promise<int> b;
  const Future<int> first = challenge::first_of(std::vector<Future<int>>{a.future(), b.future()});
  b.set_exception(failure("b failed"));
  run_ready(loop);
  a.set_exception(failure("a failed"));
  run_ready(loop);
  REQUIRE(first.done());
  CHECK_THROWS_WITH(first.result(), "a failed");
}

TEST_CASE("a call is made again with longer and longer pauses") {
  ManualClock clock;
  IOLoop loop(clock);
  int calls = 0;
  const std::function<Future<std::string>()> start = [&] {
    const Promise<std::string> promise;
    if (++calls < 4) {
      promise.set_exception(failure("not yet"));
    } else {
      promise.set_value("at last");
    }
    return promise.future();
  };
  const Future<std::string> result = challenge::retry<std::string>(5, 1s, start);
  run_ready(loop);
  CHECK(calls == 1);
  for (const auto pause : {1s, 2s, 4s}) {
    const int before = calls;
    clock.advance(pause - 1ns);
    run_ready(loop);
    CHECK(calls == before);
    clock.advance(1ns);
    run_ready(loop);
    CHECK(calls == before + 1);
  }
  REQUIRE(result.done());
  CHECK(result.result() == "at last");
  CHECK(!loop.has_work());
}

TEST_CASE("after so many times the last failure counts") {
  ManualClock clock;
  IOLoop loop(clock);
  int calls = 0;
  const std::function<Future<int>()> start = [&] {
    const Promise<int> promise;
    promise.set_exception(failure("failure " + std::to_string(++calls)));
    return promise.future();
  };
  const Future<int> result = challenge::retry<int>(3, 1s, start);
  for (int i = 0; i < 10; ++i) {
    run_ready(loop);
    clock.advance(1min);
  }
  REQUIRE(result.done());
  CHECK_THROWS_WITH(result.result(), "failure 3");
  CHECK(calls == 3);
}
