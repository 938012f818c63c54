#include <funnel/task.h>

#include <funnel/future.h>
#include <funnel/gen.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::sleep_for;
using core_tests::Started;
using core_tests::Witness;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

namespace {

static_assert(!std::is_copy_constructible_v<Task<int>>);
static_assert(std::is_nothrow_move_constructible_v<Task<int>>);
static_assert(std::is_default_constructible_v<Task<>>);
static_assert(!std::is_default_constructible_v<Task<int>>);

Task<int> number(int value) { co_return value; }
Task<std::unique_ptr<int>> move_only(int value) { co_return std::make_unique<int>(value); }
Task<std::optional<int>> no_number() { co_return {}; }
Task<std::string> two_letters() { co_return {'a', 'b'}; }
Task<int> failing(std::string what) {
  throw std::runtime_error(what);
  co_return 0;
}
Task<> note(std::string& notes, std::string text) {
  notes += text;
  co_return;
}

Task<int> sum(int a, int b) {
  const int first = co_await number(a);
  const int second = co_await number(b);
  co_return first + second;
}

Task<long> add_up(int count) {
  long total = 0;
  for (int i = 0; i < count; ++i) total += co_await number(1);
  co_return total;
}

Task<int> descend(int depth) {
  if (depth == 0) co_return 0;
  const int below = co_await descend(depth - 1);
  co_return below + 1;
}

Task<> wait_below(int depth, Future<> future) {
  if (depth == 0) {
    co_await future;
  } else {
    co_await wait_below(depth - 1, future);
  }
}

Task<> fail_below(int depth) {
  if (depth == 0) throw std::runtime_error("from below");
  co_await fail_below(depth - 1);
}

Task<> hold(Witness, std::string& notes) {
  const Witness local(notes);
  co_await gen::sleep(1s);
  notes += "done ";
}

std::string failure_of_run_sync(IOLoop& loop, Task<> task) {
  try {
    loop.run_sync(std::move(task));
  } catch (const std::logic_error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_SUITE("core.task") {
  TEST_CASE("a task gives its value, also one that can only be moved") {
    IOLoop loop;
    CHECK(loop.run_sync(sum(2, 3)) == 5);
    CHECK(*loop.run_sync(move_only(7)) == 7);
    CHECK(run_sync(number(4)) == 4);
  }

  TEST_CASE("a task may return a value that has only braces") {
    IOLoop loop;
    CHECK(loop.run_sync(no_number()) == std::nullopt);
    CHECK(loop.run_sync(two_letters()) == "ab");
  }

  TEST_CASE("what a task throws comes out of the await and of run_sync") {
    IOLoop loop;
    CHECK_THROWS_WITH_AS(loop.run_sync(failing("broken")), "broken", std::runtime_error);
    CHECK_THROWS_WITH_AS(loop.run_sync(fail_below(3)), "from below", std::runtime_error);
  }

  TEST_CASE("a task does nothing until it is awaited, and frees its parameters if it never is") {
    std::string notes;
    auto held = std::make_shared<int>();
    {
      const auto task = [](std::shared_ptr<int>, std::string& out) -> Task<> {
        out += "ran";
        co_return;
      }(held, notes);
      CHECK(held.use_count() == 2);
    }
    CHECK(notes.empty());
    CHECK(held.use_count() == 1);
  }

  TEST_CASE("a task that is kept in a variable runs when it is awaited") {
    IOLoop loop;
    std::string notes;
    loop.run_sync([](std::string& out) -> Task<> {
      Task<> first = note(out, "first ");
      Task<> second = note(out, "second ");
      co_await std::move(second);
      co_await std::move(first);
    }(notes));
    CHECK(notes == "second first ");
  }

  TEST_CASE("assigning to a task destroys the one it was") {
    std::string notes;
    Task<> task = hold(Witness(notes), notes);
    task = Task<>();
    CHECK(notes == "destroyed ");
  }

  TEST_CASE("an empty task is one that is done") {
    IOLoop loop;
    loop.run_sync(Task<>());
    loop.run_sync([]() -> Task<> {
      co_await Task<>();
      Task<> empty;
      co_await std::move(empty);
    }());
    spawn_callback(Task<>());
    run_ready(loop);
  }

  TEST_CASE("a million awaits in a row need no stack") {
    IOLoop loop;
    CHECK(loop.run_sync(add_up(1'000'000)) == 1'000'000);
  }

  TEST_CASE("a hundred thousand tasks inside each other need no stack") {
    IOLoop loop;
    CHECK(loop.run_sync(descend(100'000)) == 100'000);
  }

  TEST_CASE("an exception passes ten thousand tasks that await each other") {
    IOLoop loop;
    CHECK_THROWS_WITH(loop.run_sync(fail_below(10'000)), "from below");
  }

  TEST_CASE("ten thousand tasks that wait inside each other can be destroyed") {
    ManualClock clock;
    IOLoop loop(clock);
    const Promise<> promise;
    Started task(wait_below(10'000, promise.future()));
    CHECK(!task.done());
    task.destroy();
    promise.set_value();
    run_ready(loop);
  }

  TEST_CASE("a task that is destroyed while it waits destroys what it holds") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    Started task(hold(Witness(notes), notes));
    task.destroy();
    CHECK(notes == "destroyed destroyed ");
    clock.advance(1s);
    run_ready(loop);
    CHECK(notes == "destroyed destroyed ");
  }
}

TEST_SUITE("core.task.run_sync") {
  TEST_CASE("run_sync may be called again and again") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    for (int i = 0; i < 3; ++i) {
      loop.run_sync(sleep_for(1s));
      CHECK(loop.run_sync(number(i)) == i);
    }
  }

  TEST_CASE("run_sync inside a running loop is refused") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string message;
    loop.run_sync([](std::string& out) -> Task<> {
      out = failure_of_run_sync(IOLoop::current(), sleep_for(0s));
      co_return;
    }(message));
    CHECK(message.find("already runs on this thread") != std::string::npos);
    loop.run_sync(sleep_for(0s));  // and left nothing behind
  }

  TEST_CASE("run_sync of a task that nothing can wake throws instead of waiting forever") {
    const Promise<> promise;
    IOLoop loop;
    CHECK(failure_of_run_sync(loop, wait_below(0, promise.future())) ==
          "run_sync: nothing is left that could wake the task");
    CHECK(loop.run_sync(number(1)) == 1);
  }

  TEST_CASE("run_sync of a task that waits for a clock which stands still throws") {
    ManualClock clock;
    IOLoop loop(clock);
    CHECK(failure_of_run_sync(loop, sleep_for(1s)).find("the clock is moved by hand") !=
          std::string::npos);
  }

  TEST_CASE("stopping the loop before the task ended makes run_sync throw") {
    ManualClock clock;
    IOLoop loop(clock);
    loop.add_callback([&] { loop.stop(); });
    CHECK(failure_of_run_sync(loop, sleep_for(1s)).find("was stopped before the task ended") !=
          std::string::npos);
    CHECK(loop.run_sync(number(1)) == 1);
  }

  TEST_CASE("run_sync with a time-out cancels the task and throws TimeoutError") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    std::string notes;
    CHECK_THROWS_AS(loop.run_sync(hold(Witness(notes), notes), 500ms), TimeoutError);
    CHECK(notes == "destroyed destroyed ");
    CHECK_NOTHROW(loop.run_sync(sleep_for(1s), 1s + 1ns));
  }

  TEST_CASE("a Cancelled that the task throws by itself is no time-out") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    const auto give_up = []() -> Task<> {
      throw Cancelled();
      co_return;
    };
    CHECK_THROWS_AS(loop.run_sync(give_up(), 1s), Cancelled);
  }

  TEST_CASE("callbacks that are left when the task ends run later") {
    ManualClock clock;
    IOLoop loop(clock);
    bool ran = false;
    loop.run_sync([](bool& out) -> Task<> {
      IOLoop::current().add_callback([&out] { out = true; });
      co_return;
    }(ran));
    CHECK(!ran);
    run_ready(loop);
    CHECK(ran);
  }
}

TEST_SUITE("core.task.spawn_callback") {
  TEST_CASE("a spawned task starts in the next turn, and is freed when it ends") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    spawn_callback(hold(Witness(notes), notes));
    CHECK(notes.empty());
    run_ready(loop);
    CHECK(notes.empty());
    clock.advance(1s);
    run_ready(loop);
    CHECK(notes == "done destroyed destroyed ");
  }

  TEST_CASE("an exception of a spawned task is logged") {
    ManualClock clock;
    IOLoop loop(clock);
    LogCapture log;
    spawn_callback(fail_below(1));
    run_ready(loop);
    REQUIRE(log.size() == 1);
    CHECK(log.records()[0].message == "Exception in a task that nobody awaits: from below");
  }

  TEST_CASE("tasks that still run are destroyed with the loop") {
    ManualClock clock;
    std::string notes;
    {
      IOLoop loop(clock);
      spawn_callback(hold(Witness(notes), notes));
      run_ready(loop);
      spawn_callback(hold(Witness(notes), notes));  // has not begun
      CHECK(notes.empty());
    }
    CHECK(notes == "destroyed destroyed destroyed ");
  }

  TEST_CASE("a task may spawn another while it is destroyed with the loop") {
    class Spawns {
     public:
      explicit Spawns(std::string& notes) : notes_(notes) {}
      Spawns(const Spawns&) = delete;
      Spawns& operator=(const Spawns&) = delete;
      ~Spawns() { spawn_callback(hold(Witness(notes_), notes_)); }

     private:
      std::string& notes_;
    };
    ManualClock clock;
    std::string notes;
    {
      IOLoop loop(clock);
      spawn_callback([](std::string& out) -> Task<> {
        const Spawns spawns(out);
        co_await gen::sleep(1s);
      }(notes));
      run_ready(loop);
    }
    CHECK(notes == "destroyed ");
  }

  TEST_CASE("a hundred thousand spawned tasks run and are freed") {
    ManualClock clock;
    IOLoop loop(clock);
    auto held = std::make_shared<int>();
    for (int i = 0; i < 100'000; ++i) {
      spawn_callback([](std::shared_ptr<int> p) -> Task<> {
        co_await gen::sleep(0s);
        ++*p;
      }(held));
    }
    run_ready(loop);
    CHECK(*held == 100'000);
    CHECK(held.use_count() == 1);
  }
}
