// final: yes

#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/readable.h"
#include "support/story.h"

// Task 3.1.

using funnel::BrokenPromise;
using funnel::Future;
using funnel::IOLoop;
using funnel::Promise;
using funnel::testing::LogCapture;
using funnel::testing::run_ready;
using test_support::tell;

namespace {

std::exception_ptr failure(const char* what) {
  return std::make_exception_ptr(std::runtime_error(what));
}

/// Returns what `result()` throws, or "no exception".
template <typename T>
std::string failure_of(const Future<T>& future) {
  try {
    future.result();
  } catch (const std::exception& error) {
    tell("yours", std::string("result() throws: ") + error.what());
    return error.what();
  }
  return "no exception";
}

}  // namespace

TEST_CASE("a future has the value that its promise was given") {
  const IOLoop loop;
  const Promise<std::string> promise;
  const Future<std::string> future = promise.future();
  const Future<std::string> copy = future;
  CHECK(!future.done());
  CHECK(!promise.done());
  tell("yours", "set_value(\"hello\")");
  promise.set_value("hello");
  CHECK(future.done());
  CHECK(copy.done());
  CHECK(promise.done());
  tell("expected", "each copy of the future has the same value");
  REQUIRE(future.result() == "hello");
  REQUIRE(&copy.result() == &future.result());
  CHECK(future.exception() == nullptr);
}

TEST_CASE("a failure is thrown by result and returned by exception") {
  const IOLoop loop;
  const Promise<int> promise;
  const Future<int> future = promise.future();
  tell("yours", "set_exception: no luck");
  promise.set_exception(failure("no luck"));
  CHECK(future.done());
  REQUIRE(failure_of(future) == "no luck");
  tell("expected", "as often as it is asked for");
  REQUIRE(failure_of(future) == "no luck");
  CHECK(future.exception() != nullptr);
}

TEST_CASE("a result is set once and the first one stays") {
  const IOLoop loop;
  const Promise<int> promise;
  promise.set_value(1);
  tell("yours", "set_value and set_exception, when there is a result");
  CHECK_THROWS_AS(promise.set_value(2), std::logic_error);
  CHECK_THROWS_AS(promise.set_exception(failure("late")), std::logic_error);
  REQUIRE(promise.future().result() == 1);
  CHECK(promise.future().exception() == nullptr);

  const Promise<std::string> other;
  tell("yours", "set_value, which throws when it makes the value");
  CHECK_THROWS(other.set_value(std::string("abc"), std::size_t{10}, std::size_t{1}));
  tell("expected", "nothing has happened: the promise can still be kept");
  REQUIRE(!other.done());
  other.set_value("here");
  REQUIRE(other.future().result() == "here");
}

TEST_CASE("asking for a result that is not there yet is an error") {
  const IOLoop loop;
  const Promise<int> promise;
  tell("yours", "result() and exception(), before set_value");
  CHECK_THROWS_AS(promise.future().result(), std::logic_error);
  CHECK_THROWS_AS(promise.future().exception(), std::logic_error);
}

TEST_CASE("callbacks are called by the loop once and in their order") {
  IOLoop loop;
  const Promise<int> promise;
  std::string order;
  const auto note = [&order](const char* name) {
    return [&order, name](const Future<int>& future) {
      tell("yours", std::string("callback ") + name + " is called");
      order += name + std::to_string(future.result()) + " ";
    };
  };
  promise.future().add_done_callback(note("a"));
  promise.future().add_done_callback(note("b"));
  run_ready(loop);
  CHECK(order.empty());
  tell("yours", "set_value(5) is called");
  promise.set_value(5);
  tell("yours", "set_value(5) has returned");
  tell("expected", "no callback was called inside set_value");
  REQUIRE(order == "");
  tell("yours", "a third callback is added when the result is there");
  promise.future().add_done_callback(note("c"));
  REQUIRE(order == "");
  run_ready(loop);
  REQUIRE(order == "a5 b5 c5 ");
  run_ready(loop);
  promise.future().add_done_callback([&](const Future<int>& future) {
    order += "d ";
    future.add_done_callback(note("e"));
    CHECK(order.ends_with("d "));
  });
  run_ready(loop);
  tell("expected", "one that a callback adds is called too");
  REQUIRE(order == "a5 b5 c5 d e5 ");
}

TEST_CASE("a callback that was taken back is not called") {
  IOLoop loop;
  const Promise<int> promise;
  std::string order;
  const Future<int> future = promise.future();
  const auto held = std::make_shared<int>(0);
  const std::uint64_t a = future.add_done_callback([&](const auto&) { order += "a "; });
  future.add_done_callback([&](const auto&) { order += "b "; });
  const std::uint64_t c = future.add_done_callback([&, held](const auto&) { order += "c "; });
  tell("yours", "remove_done_callback for the first of three callbacks");
  future.remove_done_callback(a);
  promise.set_value(1);
  tell("yours", "remove_done_callback for the third, when the result is there");
  future.remove_done_callback(c);
  tell("expected", "what it held is gone at once");
  REQUIRE(held.use_count() == 1);
  run_ready(loop);
  REQUIRE(order == "b ");
  future.remove_done_callback(a);
  future.remove_done_callback(0);
}

TEST_CASE("a promise that is destroyed without a result breaks its future") {
  IOLoop loop;
  std::optional<Promise<int>> promise(std::in_place);
  std::optional<Promise<int>> copy = promise;
  const Future<int> future = promise->future();
  bool called = false;
  future.add_done_callback([&](const auto&) { called = true; });
  promise.reset();
  run_ready(loop);
  tell("expected", "a copy of the promise is left, which may still set a result");
  REQUIRE(!future.done());
  copy.reset();
  REQUIRE(future.done());
  CHECK_THROWS_AS(future.result(), BrokenPromise);
  run_ready(loop);
  REQUIRE(called);
}

TEST_CASE("a failure that nobody looked at is logged once") {
  const LogCapture log;
  IOLoop loop;
  {
    const Promise<int> promise;
    promise.set_exception(failure("the disk is full"));
    const Future<int> future = promise.future();
    const Future<int> copy = future;
  }
  run_ready(loop);
  tell("expected", "one line in the log, with what failed");
  REQUIRE(log.size() == 1);
  CHECK(log.contains("the disk is full"));
  {
    const Promise<int> promise;
    promise.set_exception(failure("seen"));
    CHECK(promise.future().exception() != nullptr);
  }
  {
    const Promise<int> nobody_wants;
    const Promise<int> dropped;
    dropped.future();
  }
  run_ready(loop);
  tell("expected", "nothing more: that one was looked at, and the others had no failure");
  REQUIRE(log.size() == 1);
}
