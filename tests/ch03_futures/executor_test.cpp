// final: no, its run_in_executor is awaited

#include <funnel/executor.h>
#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/background.h"
#include "support/readable.h"
#include "support/story.h"

// Task 3.5.

using funnel::BrokenPromise;
using funnel::Future;
using funnel::IOLoop;
using funnel::QueueFull;
using funnel::run_in_executor;
using funnel::ThreadPoolExecutor;
using funnel::testing::run_ready;
using test_support::Background;
using test_support::eventually;
using test_support::tell;

namespace {

/// Turns the loop until the future is done, two seconds at most.
template <typename T>
bool wait(IOLoop& loop, const Future<T>& future) {
  const bool in_time = eventually([&] {
    run_ready(loop);
    return future.done();
  });
  if (!in_time) tell("yours", "the future is not done within 2 s");
  return in_time;
}

/// Something that blocks until it is opened.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.wait(lock, [this] { return open_; });
  }
  int waiting() const { return waiting_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  std::atomic<int> waiting_ = 0;
};

}  // namespace

TEST_CASE("a function runs on another thread and its result comes back to the loop") {
  IOLoop loop;
  ThreadPoolExecutor executor(1);
  tell("yours", "run_in_executor");
  const Future<std::thread::id> future =
      run_in_executor(executor, [] { return std::this_thread::get_id(); });
  std::optional<std::thread::id> called_on;
  future.add_done_callback([&](const auto&) { called_on = std::this_thread::get_id(); });
  REQUIRE(wait(loop, future));
  CHECK(future.result() != std::this_thread::get_id());
  run_ready(loop);
  tell("expected", "its callbacks are called on the loop's thread");
  REQUIRE((called_on == std::this_thread::get_id()));
}

TEST_CASE("what a function throws comes back as the failure") {
  IOLoop loop;
  ThreadPoolExecutor executor(2);
  const Future<int> future =
      run_in_executor(executor, []() -> int { throw std::runtime_error("the file is not there"); });
  const Future<> nothing = run_in_executor(executor, [] {});
  REQUIRE(wait(loop, future));
  CHECK_THROWS_WITH_AS(future.result(), "the file is not there", std::runtime_error);
  REQUIRE(wait(loop, nothing));
  CHECK_NOTHROW(nothing.result());
}

TEST_CASE("the loop goes on while a function blocks and is not at its end") {
  IOLoop loop;
  Gate gate;
  ThreadPoolExecutor executor(1);
  const Future<> future = run_in_executor(executor, [&] { gate.wait(); });
  REQUIRE(eventually([&] { return gate.waiting() == 1; }));
  bool ran = false;
  loop.add_callback([&] { ran = true; });
  run_ready(loop);
  tell("expected", "a callback of the loop runs, although the function has not returned");
  CHECK(ran);
  CHECK(!future.done());
  tell("expected", "the loop knows that something is still to come");
  CHECK(loop.has_work());
  gate.open();
  REQUIRE(wait(loop, future));
  CHECK(!loop.has_work());
}

TEST_CASE("as many functions run at once as there are workers") {
  IOLoop loop;
  Gate gate;
  std::atomic<int> begun = 0;
  std::vector<Future<>> futures;
  ThreadPoolExecutor executor(3);
  tell("yours", "five functions that block, for three workers");
  for (int i = 0; i < 5; ++i) {
    futures.push_back(run_in_executor(executor, [&] {
      ++begun;
      gate.wait();
    }));
  }
  const bool all_three = eventually([&] { return gate.waiting() == 3; });
  tell("yours", std::to_string(gate.waiting()) + " of them run");
  CHECK(all_three);
  CHECK(begun == 3);
  gate.open();
  for (const Future<>& future : futures) CHECK(wait(loop, future));
  CHECK(begun == 5);
}

TEST_CASE("a full queue refuses more") {
  IOLoop loop;
  Gate gate;
  std::vector<Future<>> futures;
  ThreadPoolExecutor executor(1, 2);
  futures.push_back(run_in_executor(executor, [&] { gate.wait(); }));
  REQUIRE(eventually([&] { return gate.waiting() == 1; }));
  tell("yours", "one function runs, and two more are queued, which is the limit");
  for (int i = 0; i < 2; ++i) futures.push_back(run_in_executor(executor, [] {}));
  CHECK_THROWS_AS(run_in_executor(executor, [] {}), QueueFull);
  gate.open();
  for (const Future<>& future : futures) CHECK(wait(loop, future));
  tell("expected", "there is room again, and nothing is left on the loop");
  CHECK_NOTHROW(run_in_executor(executor, [] {}));
  CHECK(eventually([&] {
    run_ready(loop);
    return !loop.has_work();
  }));
}

TEST_CASE("an executor that is destroyed waits for what runs and drops what does not") {
  IOLoop loop;
  Gate gate;
  std::optional<Future<int>> running;
  std::optional<Future<int>> queued;
  bool ran = false;
  {
    Background other("the other thread", [&] {
      eventually([&] { return gate.waiting() == 1; });
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the destructor is waiting now
      gate.open();
    });
    ThreadPoolExecutor executor(1);
    running = run_in_executor(executor, [&] {
      gate.wait();
      return 1;
    });
    REQUIRE(eventually([&] { return gate.waiting() == 1; }));
    queued = run_in_executor(executor, [&] {
      ran = true;
      return 2;
    });
    tell("yours", "the executor is destroyed: one function runs, one is queued");
  }
  REQUIRE(wait(loop, *running));
  CHECK(running->result() == 1);
  REQUIRE(wait(loop, *queued));
  tell("expected", "the promise of the queued one is broken, and it has not run");
  CHECK_THROWS_AS(queued->result(), BrokenPromise);
  CHECK(!ran);
  CHECK(!loop.has_work());
}
