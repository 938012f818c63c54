// final: no, it has co_await instead of then

#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/readable.h"
#include "support/story.h"

// Task 3.2.

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

}  // namespace

TEST_CASE("then makes a new value of one that is not there yet") {
  IOLoop loop;
  const Promise<int> promise;
  bool called = false;
  const Future<std::string> text = promise.future().then([&](int number) {
    called = true;
    return std::to_string(number) + "!";
  });
  run_ready(loop);
  CHECK(!text.done());
  promise.set_value(5);
  tell("expected", "the function is called by the loop, and not inside set_value");
  REQUIRE(!called);
  run_ready(loop);
  REQUIRE(text.done());
  REQUIRE(text.result() == "5!");
}

TEST_CASE("then works with functions and futures that have no value") {
  IOLoop loop;
  const Promise<> promise;
  std::string order;
  const Future<> end = promise.future()
                           .then([&] {
                             order += "one ";
                             return 2;
                           })
                           .then([&](int number) { order += std::to_string(number) + " "; })
                           .then([&] { order += "three "; });
  promise.set_value();
  run_ready(loop);
  REQUIRE(order == "one 2 three ");
  CHECK(end.done());
  CHECK_NOTHROW(end.result());
}

TEST_CASE("a function that returns a future is waited for") {
  IOLoop loop;
  const Promise<int> first;
  const Promise<std::string> second;
  const Future<std::string> future =
      first.future().then([&](int) -> Future<std::string> { return second.future(); });
  first.set_value(1);
  run_ready(loop);
  tell("expected", "the first is there, and the second is not: neither is what then returned");
  REQUIRE(!future.done());
  second.set_value("the value of the inner one");
  run_ready(loop);
  REQUIRE(future.done());
  REQUIRE(future.result() == "the value of the inner one");
  tell("expected", "the inner future still has it, for others who wait for it");
  REQUIRE(second.future().result() == "the value of the inner one");

  const Promise<int> third;
  const Future<> failed = third.future().then([](int) {
    const Promise<> inner;
    inner.set_exception(failure("the inner one failed"));
    return inner.future();
  });
  third.set_value(1);
  run_ready(loop);
  REQUIRE(failed.done());
  REQUIRE(failure_of(failed) == "the inner one failed");
}

TEST_CASE("a failure passes through and no function is called for it") {
  const LogCapture log;
  IOLoop loop;
  const Promise<int> promise;
  int calls = 0;
  const Future<int> end = promise.future()
                              .then([&](int) {
                                ++calls;
                                return 1;
                              })
                              .then([&](int) {
                                ++calls;
                                return 2;
                              });
  promise.set_exception(failure("no luck"));
  run_ready(loop);
  REQUIRE(end.done());
  REQUIRE(failure_of(end) == "no luck");
  REQUIRE(calls == 0);
  tell("expected", "nothing is logged: the failure was passed on, and then looked at");
  CHECK(log.size() == 0);
}

TEST_CASE("what a function throws is the failure of the returned future") {
  IOLoop loop;
  const Promise<int> promise;
  const Future<int> future = promise.future().then([](int number) -> int {
    if (number < 0) throw std::runtime_error("negative");
    return number;
  });
  promise.set_value(-1);
  run_ready(loop);
  REQUIRE(future.done());
  REQUIRE(failure_of(future) == "negative");
}

TEST_CASE("a chain of a hundred thousand needs no stack") {
  IOLoop loop;
  const Promise<int> promise;
  Future<int> end = promise.future();
  tell("yours", "100,000 times then");
  for (int i = 0; i < 100'000; ++i) end = end.then([](int number) { return number + 1; });
  promise.set_value(0);
  run_ready(loop);
  REQUIRE(end.done());
  REQUIRE(end.result() == 100'000);
}

TEST_CASE("a value that cannot be copied and a future that was dropped are no obstacle") {
  const LogCapture log;
  IOLoop loop;
  const Promise<std::unique_ptr<int>> promise;
  const Future<std::unique_ptr<int>> doubled = promise.future().then(
      [](const std::unique_ptr<int>& number) { return std::make_unique<int>(2 * *number); });
  bool called = false;
  tell("yours", "then, and what it returns is dropped");
  promise.future().then([&](const std::unique_ptr<int>&) { called = true; });
  promise.set_value(std::make_unique<int>(4));
  run_ready(loop);
  REQUIRE(doubled.done());
  CHECK(*doubled.result() == 8);
  tell("expected", "the function is called all the same");
  REQUIRE(called);
}
