// final: yes

#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "ch02_eventloop/last_words.h"

// Given code: what futures of every kind have in common.

using funnel::Future;
using funnel::IOLoop;
using funnel::Promise;
using funnel::testing::LogCapture;
using funnel::testing::run_ready;

TEST_CASE("a future of nothing is done or not") {
  IOLoop loop;
  const Future<> done;
  CHECK(done.done());
  CHECK_NOTHROW(done.result());
  CHECK(done.exception() == nullptr);
  int called = 0;
  done.add_done_callback([&](const Future<>& future) { called += future.done() ? 1 : 100; });
  CHECK(called == 0);
  run_ready(loop);
  CHECK(called == 1);

  const Promise<> promise;
  CHECK(!promise.future().done());
  CHECK_THROWS_AS(promise.future().result(), std::logic_error);
  promise.set_value();
  CHECK(promise.future().done());
  CHECK_THROWS_AS(promise.set_value(), std::logic_error);
}

TEST_CASE("a value may be one that cannot be copied") {
  const IOLoop loop;
  const Promise<std::unique_ptr<int>> promise;
  promise.set_value(std::make_unique<int>(7));
  const Future<std::unique_ptr<int>> future = promise.future();
  CHECK(*future.result() == 7);
  const std::unique_ptr<int> taken = std::move(future.result());
  CHECK(*taken == 7);
}

TEST_CASE("an exception of a callback is logged and the others are called") {
  const LogCapture log;
  IOLoop loop;
  const Promise<int> promise;
  bool called = false;
  promise.future().add_done_callback([](const auto&) { throw std::runtime_error("bad callback"); });
  promise.future().add_done_callback([&](const auto&) { called = true; });
  promise.set_value(1);
  run_ready(loop);
  CHECK(called);
  CHECK(log.contains("bad callback"));
}

TEST_CASE("a callback that holds its future is no leak") {
  IOLoop loop;
  const auto held = std::make_shared<int>(0);
  {
    const Promise<int> promise;
    const Future<int> future = promise.future();
    future.add_done_callback([future, held](const auto&) {});
  }
  run_ready(loop);
  CHECK(held.use_count() == 1);
}

TEST_CASE("promises may end with the loop that is destroyed") {
  const LogCapture log;
  bool called = false;
  std::optional<Future<int>> future;
  {
    IOLoop loop;
    const auto promise = std::make_shared<Promise<int>>();
    future = promise->future();
    future->add_done_callback([&](const auto&) { called = true; });
    loop.add_callback([promise] {});
  }
  CHECK(!called);
  CHECK(future->done());
  CHECK_THROWS_AS(future->result(), funnel::BrokenPromise);
}

TEST_CASE("a promise that another thread uses stops the program with a sentence") {
  const auto words = loops::last_words([] {
    const IOLoop loop;
    const Promise<int> promise;
    std::thread([&] { promise.set_value(1); }).join();
  });
  CHECK(words.find("a promise was used from a thread that does not own it") != std::string::npos);
  CHECK(words.find("IOLoop::add_callback") != std::string::npos);
  CHECK(loops::last_words([] {
          const IOLoop loop;
          const Promise<int> promise;
          std::thread([&] { promise.set_exception(nullptr); }).join();
        }).find("does not own it") != std::string::npos);
}
