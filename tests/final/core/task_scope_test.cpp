#include "core/task_scope.h"

#include <funnel/future.h>
#include <funnel/gen.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::hold;
using core_tests::Witness;
using detail::TaskScope;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

namespace {

Task<> fail_after(Duration delay, std::string what) {
  co_await gen::sleep(delay);
  throw std::runtime_error(what);
}

Task<> give_up() {
  co_await gen::sleep(0s);
  throw Cancelled();
}

Task<> fail_to_clean_up() {
  try {
    co_await gen::sleep(1h);
  } catch (const Cancelled&) {
    throw std::runtime_error("could not clean up");
  }
}

}  // namespace

TEST_SUITE("core.task_scope") {
  TEST_CASE("spawn begins in the next turn, start at once") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const auto note = [](std::string& out) -> Task<> {
      out += "ran ";
      co_return;
    };
    TaskScope scope(loop);
    scope.spawn(note(notes));
    CHECK(notes.empty());
    scope.start(note(notes));
    CHECK(notes == "ran ");
    run_ready(loop);
    CHECK(notes == "ran ran ");
    CHECK(scope.size() == 0);
  }

  TEST_CASE("a task is destroyed when it has ended, and then the end is announced") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    TaskScope scope(loop);
    scope.set_end_callback([&] { notes += "gone " + std::to_string(scope.size()) + " "; });
    scope.start(hold(notes));
    scope.start(Task<>());
    CHECK(notes == "gone 1 ");
    clock.advance(1s);
    run_ready(loop);
    CHECK(notes == "gone 1 done destroyed gone 0 ");
  }

  TEST_CASE("a failure is logged and ends that task only") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    std::string notes;
    TaskScope scope(loop);
    scope.spawn(fail_after(0s, "broken"));
    scope.spawn(give_up());  // nobody asked for it
    scope.spawn(hold(notes));
    run_ready(loop);
    REQUIRE(log.size() == 2);
    CHECK(log.records()[0].message == "Exception in a task that nobody awaits: broken");
    CHECK(log.contains("Operation canceled"));
    CHECK(scope.size() == 1);
    clock.advance(1s);
    run_ready(loop);
    CHECK(notes == "done destroyed ");
  }

  TEST_CASE("a cancellation ends the tasks that are there, and is no failure") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    std::string notes;
    TaskScope scope(loop);
    for (int i = 0; i < 3; ++i) scope.start(hold(notes));
    scope.spawn(hold(notes));  // has not begun
    scope.cancel();
    CHECK(notes.empty());
    run_ready(loop);
    CHECK(notes == "destroyed destroyed destroyed destroyed ");
    CHECK(scope.size() == 0);
    CHECK(log.empty());
  }

  TEST_CASE("what a cancelled task throws instead is logged") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    TaskScope scope(loop);
    scope.start(fail_to_clean_up());
    scope.cancel();
    run_ready(loop);
    CHECK(log.size() == 1);
    CHECK(log.contains("could not clean up"));
  }

  TEST_CASE("tasks that come after a cancellation run") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    TaskScope scope(loop);
    scope.cancel();
    scope.start(hold(notes));
    clock.advance(1s);
    run_ready(loop);
    CHECK(notes == "done destroyed ");
  }

  TEST_CASE("destroying the scope destroys what still runs, and nobody hears of an end") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const Promise<> promise;
    {
      TaskScope scope(loop);
      scope.set_end_callback([&] { notes += "gone "; });
      scope.start(hold(notes));
      scope.spawn(hold(notes));  // has no local object yet
      scope.cancel();            // the first one is about to hear of it
    }
    CHECK(notes == "destroyed ");
    clock.advance(1s);
    run_ready(loop);
    CHECK(notes == "destroyed ");
  }

  TEST_CASE("a task may be destroyed with the scope after it has ended") {
    ManualClock clock;
    IOLoop loop(clock);
    std::optional<TaskScope> scope(std::in_place, loop);
    std::string notes;
    scope->start([](std::string& out) -> Task<> {
      const Witness witness(out);
      co_return;
    }(notes));
    scope.reset();  // before the turn that would destroy the task
    run_ready(loop);
    CHECK(notes == "destroyed ");
  }

  TEST_CASE("ten thousand tasks are cancelled at once") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    TaskScope scope(loop);
    for (int i = 0; i < 10'000; ++i) scope.start(hold(notes));
    scope.cancel();
    run_ready(loop);
    CHECK(scope.size() == 0);
  }
}
