// final: no, its multi takes tasks, and is awaited

#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

// Given code: multi for maps, and the adapter for callbacks.

using funnel::as_future;
using funnel::Future;
using funnel::IOLoop;
using funnel::multi;
using funnel::Promise;
using funnel::Result;
using funnel::testing::run_ready;

TEST_CASE("multi of a map has the values under the same keys") {
  IOLoop loop;
  const Promise<int> a;
  const Promise<int> b;
  const auto all = multi(std::map<std::string, Future<int>>{{"a", a.future()}, {"b", b.future()}});
  b.set_value(2);
  a.set_value(1);
  run_ready(loop);
  REQUIRE(all.done());
  CHECK(all.result() == std::map<std::string, int>{{"a", 1}, {"b", 2}});
}

TEST_CASE("multi moves values that cannot be copied") {
  IOLoop loop;
  const Promise<std::unique_ptr<int>> promise;
  const auto all = multi(std::vector<Future<std::unique_ptr<int>>>{promise.future()});
  promise.set_value(std::make_unique<int>(7));
  run_ready(loop);
  REQUIRE(all.done());
  CHECK(*all.result().front() == 7);
}

TEST_CASE("a function that calls back becomes one that returns a future") {
  IOLoop loop;
  std::function<void(Result<int>)> callback;
  const auto start = [&](std::function<void(Result<int>)> its) { callback = std::move(its); };
  const Future<int> good = as_future<int>(start);
  callback(5);
  CHECK(good.result() == 5);
  const Future<int> bad = as_future<int>(start);
  callback(std::make_error_code(std::errc::timed_out));
  CHECK_THROWS_AS(bad.result(), std::system_error);
  const Future<int> forgotten = as_future<int>(start);
  callback = nullptr;
  CHECK_THROWS_AS(forgotten.result(), funnel::BrokenPromise);

  const Future<> done = as_future([](const auto& its) { its(std::error_code()); });
  CHECK(done.done());
  CHECK_NOTHROW(done.result());
  const Future<> failed =
      as_future([](const auto& its) { its(std::make_error_code(std::errc::broken_pipe)); });
  CHECK_THROWS_AS(failed.result(), std::system_error);
}
