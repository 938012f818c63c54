#include <funnel/task.h>

#include <funnel/gen.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::hold;
using core_tests::Started;
using core_tests::Witness;
using testing::ManualClock;
using testing::run_ready;

namespace {

Task<> fail(std::string& notes) {
  const Witness witness(notes);
  co_await gen::sleep(1s);
  throw std::runtime_error("broken");
}

Task<int> number() { co_return 1; }

/// Awaits a task that is kept elsewhere.
Task<> await_kept(Task<>& kept, std::string& notes) {
  try {
    co_await std::move(kept);
    notes += "went on ";
  } catch (const std::runtime_error&) {
    notes += "caught ";
  }
}

/// Runs `use` with a task that was moved away, in a child process that must abort.
template <typename F>
void check_refused(F use) {
  const auto end = core_tests::run_in_child([&] {
    IOLoop loop;
    const auto task = std::make_unique<Task<int>>(number());
    const Task<int> elsewhere = std::move(*task);
    use(loop, std::move(*task));
  });
  CHECK(end.aborted());
  CHECK(end.errors.find("a task was awaited that had been moved away") != std::string::npos);
}

}  // namespace

TEST_SUITE("core.task.awaiter") {
  TEST_CASE("a task that was kept elsewhere dies with the one that awaits it") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    Task<> kept = hold(notes);
    Started parent(await_kept(kept, notes));
    CHECK(notes.empty());
    parent.destroy();
    CHECK(notes == "destroyed ");
    clock.advance(1s);
    run_ready(loop);
    CHECK(notes == "destroyed ");
  }

  TEST_CASE("a task that was kept elsewhere goes on when its place is gone or used again") {
    for (const bool reused : {false, true}) {
      CAPTURE(reused);
      ManualClock clock;
      IOLoop loop(clock);
      std::string notes;
      std::string others;
      auto kept = std::make_unique<Task<>>(hold(notes));
      const Started parent(await_kept(*kept, notes));
      if (reused) {
        *kept = hold(others);
      } else {
        kept.reset();
      }
      CHECK(notes.empty());
      clock.advance(1s);
      run_ready(loop);
      CHECK(notes == "done destroyed went on ");
      CHECK(others.empty());
    }
  }

  TEST_CASE("what a task holds is gone when the await is over, wherever the task was kept") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    Task<> kept = hold(notes);
    const Started parent(await_kept(kept, notes));
    clock.advance(1s);
    run_ready(loop);
    CHECK(parent.done());
    CHECK(notes == "done destroyed went on ");

    notes.clear();
    Task<> failing = fail(notes);
    const Started catching(await_kept(failing, notes));
    clock.advance(1s);
    run_ready(loop);
    CHECK(catching.done());
    CHECK(notes == "destroyed caught ");
  }

  TEST_CASE("a task that was awaited is empty") {
    ManualClock clock(ManualClock::WhenIdle::skip);
    IOLoop loop(clock);
    std::string notes;
    Task<> kept = hold(notes);
    loop.run_sync(await_kept(kept, notes));
    loop.run_sync(await_kept(kept, notes));
    CHECK(notes == "done destroyed went on went on ");
  }

  TEST_CASE("a task with a value that was moved away aborts wherever it is to give it") {
    check_refused([](IOLoop& loop, Task<int> task) {
      loop.run_sync([](Task<int> empty) -> Task<> { co_await std::move(empty); }(std::move(task)));
    });
    check_refused([](IOLoop& loop, Task<int> task) { loop.run_sync(std::move(task)); });
    check_refused([](IOLoop& loop, Task<int> task) {
      loop.run_sync(gen::with_timeout(1s, std::move(task)));
    });
    check_refused([](IOLoop& loop, Task<int> task) {
      std::vector<Task<int>> tasks;
      tasks.push_back(std::move(task));
      loop.run_sync(gen::multi(std::move(tasks)));
    });
  }
}
