#include <funnel/cancel.h>

#include <funnel/future.h>
#include <funnel/gen.h>
#include <funnel/task.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::sleep_for;
using core_tests::Started;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

namespace {

/// Awaits `task` and notes how that ended.
Task<> watch(std::string& notes, Task<> task) {
  try {
    co_await std::move(task);
    notes += "done ";
  } catch (const Cancelled&) {
    notes += "cancelled ";
  } catch (const TimeoutError&) {
    notes += "timeout ";
  }
}

Task<> await_future(Future<> future) { co_await future; }
Task<> await_number(Future<int> future, int& out) { out = co_await std::move(future); }

Task<> multi_of_three(Future<> future) {
  std::vector<Task<>> tasks;
  tasks.push_back(sleep_for(1h));
  tasks.push_back(await_future(future));
  tasks.push_back(sleep_for(2h));
  co_await gen::multi(std::move(tasks));
}

Task<> wait_twice(std::string& notes) {
  try {
    co_await gen::sleep(1h);
  } catch (const Cancelled&) {
    notes += "first ";
  }
  try {
    co_await gen::sleep(1h);
  } catch (const Cancelled&) {
    notes += "second ";
  }
}

}  // namespace

TEST_SUITE("core.cancel") {
  TEST_CASE("a cancellation reaches every scope within, and none around") {
    CancelSource outer;
    CancelSource inner(outer.token());
    CancelSource innermost(inner.token());
    inner.cancel();
    CHECK(!outer.cancelled());
    CHECK(inner.cancelled());
    CHECK(innermost.token().cancelled());
    outer.cancel();
    outer.cancel();
    CHECK(outer.cancelled());
  }

  TEST_CASE("a scope within a cancelled one is cancelled from the beginning") {
    CancelSource outer;
    outer.cancel();
    const CancelSource inner(outer.token());
    CHECK(inner.cancelled());
  }

  TEST_CASE("a scope may go away before the one around it") {
    CancelSource outer;
    { const CancelSource inner(outer.token()); }
    outer.cancel();
    CHECK(outer.cancelled());
  }

  TEST_CASE("an empty token is never cancelled") {
    CHECK(!CancelToken().cancelled());
    const CancelSource source{CancelToken()};
    CHECK(!source.cancelled());
  }

  TEST_CASE("a cancellation ends every kind of wait in the next turn, not at once") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    const Promise<> promise;
    using Make = Task<> (*)(const Future<>&);
    const std::pair<const char*, Make> waits[] = {
        {"sleep", [](const Future<>&) { return sleep_for(1h); }},
        {"future", [](const Future<>& future) { return await_future(future); }},
        {"task of a task", [](const Future<>& f) { return gen::with_token({}, await_future(f)); }},
        {"multi", [](const Future<>& future) { return multi_of_three(future); }},
        {"with_timeout", [](const Future<>& f) { return gen::with_timeout(1h, await_future(f)); }},
        {"two time-outs",
         [](const Future<>& f) { return gen::with_timeout(2h, gen::with_timeout(1h, f)); }},
    };
    for (const auto& wait : waits) {
      CAPTURE(wait.first);
      std::string notes;
      CancelSource source;
      const Started task(watch(notes, wait.second(promise.future())), source.token());
      run_ready(loop);
      CHECK(notes.empty());
      source.cancel();
      CHECK(notes.empty());
      run_ready(loop);
      CHECK(notes == "cancelled ");
      CHECK(task.done());
    }
    CHECK(log.empty());  // being cancelled is not a failure that anybody must hear of
    clock.advance(3h);
    promise.set_value();
    run_ready(loop);
  }

  TEST_CASE("a cancelled wait leaves nothing behind") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource source;
    const Started task(watch(notes, gen::with_timeout(1h, sleep_for(2h))), source.token());
    source.cancel();
    run_ready(loop);
    REQUIRE(task.done());
    const Promise<> promise;
    CHECK_THROWS_WITH(loop.run_sync(await_future(promise.future())),
                      "run_sync: nothing is left that could wake the task");  // no timer either
  }

  TEST_CASE("a cancellation after the wake comes too late") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource source;
    const Promise<int> promise;
    int number = 0;
    const Started value(watch(notes, await_number(promise.future(), number)), source.token());
    const Started turn(watch(notes, sleep_for(0s)), source.token());
    promise.set_value(7);
    source.cancel();
    run_ready(loop);
    CHECK(notes == "done done ");
    CHECK(number == 7);
  }

  TEST_CASE("what comes after the cancellation is not delivered") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource source;
    const Promise<int> promise;
    int number = 0;
    const Started task(watch(notes, await_number(promise.future(), number)), source.token());
    source.cancel();
    promise.set_value(7);
    run_ready(loop);
    CHECK(notes == "cancelled ");
    CHECK(number == 0);
    CHECK(promise.future().result() == 7);  // the operation behind it went on
  }

  TEST_CASE("a timer that is due in the turn of the cancellation does not resume twice") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource source;
    loop.call_later(1s, [&] { source.cancel(); });
    const Started task(watch(notes, sleep_for(1s)), source.token());
    clock.advance(1s);
    run_ready(loop);
    CHECK(notes == "cancelled ");
  }

  TEST_CASE("a task that is cancelled before it waits ends at its next wait") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource source;
    source.cancel();
    const Promise<> promise;
    const Started sleeping(watch(notes, sleep_for(1h)), source.token());
    const Started awaiting(watch(notes, await_future(promise.future())), source.token());
    const Started joined(watch(notes, multi_of_three(promise.future())), source.token());
    const Started limited(watch(notes, gen::with_timeout(1h, sleep_for(1h))), source.token());
    CHECK(notes == "cancelled cancelled cancelled cancelled ");
  }

  TEST_CASE("a cancelled task may finish what needs no waiting") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource source;
    source.cancel();
    Promise<int> promise;
    promise.set_value(3);
    int number = 0;
    const Started task(watch(notes, await_number(promise.future(), number)), source.token());
    CHECK(notes == "done ");
    CHECK(number == 3);
  }

  TEST_CASE("a task that catches the cancellation is told again at its next wait") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource source;
    const Started task(wait_twice(notes), source.token());
    source.cancel();
    run_ready(loop);
    CHECK(notes == "first second ");
    CHECK(task.done());
  }

  TEST_CASE("tasks outside the scope go on") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string inside, outside;
    CancelSource source;
    const Started in(watch(inside, sleep_for(1s)), source.token());
    const Started out(watch(outside, sleep_for(1s)));
    source.cancel();
    clock.advance(1s);
    run_ready(loop);
    CHECK(inside == "cancelled ");
    CHECK(outside == "done ");
  }

  TEST_CASE("a task that waits in a cancelled scope may be destroyed before it hears of it") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource source;
    Started task(watch(notes, sleep_for(1h)), source.token());
    source.cancel();
    task.destroy();
    run_ready(loop);
    CHECK(notes.empty());
  }

  TEST_CASE("a thousand time-outs inside each other hear of the cancellation") {
    struct Nest {
      static Task<> of(int depth) {
        if (depth == 0) return sleep_for(1h);
        return gen::with_timeout(1h, of(depth - 1));
      }
    };
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource source;
    const Started task(watch(notes, Nest::of(1000)), source.token());
    source.cancel();
    run_ready(loop);
    CHECK(notes == "cancelled ");
  }
}

TEST_SUITE("core.cancel.with_token") {
  TEST_CASE("with_token gives the value of what it runs") {
    IOLoop loop;
    CancelSource source;
    const auto three = []() -> Task<int> { co_return 3; };
    CHECK(loop.run_sync(gen::with_token(source.token(), three())) == 3);
  }

  TEST_CASE("the token ends what runs under it, and only that") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource inner;
    CancelSource outer;
    const Started task(watch(notes, gen::with_token(inner.token(), sleep_for(1h))), outer.token());
    inner.cancel();
    run_ready(loop);
    CHECK(notes == "cancelled ");
    CHECK(!outer.cancelled());
  }

  TEST_CASE("the caller's own scope is kept") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource inner;
    CancelSource outer;
    const Started task(watch(notes, gen::with_token(inner.token(), sleep_for(1h))), outer.token());
    outer.cancel();
    run_ready(loop);
    CHECK(notes == "cancelled ");
    CHECK(!inner.cancelled());
  }

  TEST_CASE("a token that is cancelled already ends the first wait") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    CancelSource source;
    source.cancel();
    const Started task(watch(notes, gen::with_token(source.token(), sleep_for(1h))));
    CHECK(notes == "cancelled ");
  }
}
