#include <funnel/task.h>

#include <funnel/future.h>
#include <funnel/gen.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::Started;
using testing::ManualClock;
using testing::run_ready;

namespace {

constexpr int inner_line = __LINE__ + 1;
Task<> inner_wait() { co_await gen::sleep(1s); }

constexpr int outer_line = __LINE__ + 1;
Task<> outer_wait() { co_await inner_wait(); }

constexpr int join_line = __LINE__ + 5;
Task<> join_two() {
  std::vector<Task<>> tasks;
  tasks.reserve(2);
  for (int i = 0; i < 2; ++i) tasks.push_back(inner_wait());
  co_await gen::multi(std::move(tasks));
}

std::string place(int line) { return "task_dump_test.cpp:" + std::to_string(line) + " in "; }

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++n;
  return n;
}

}  // namespace

TEST_SUITE("core.task.dump") {
  TEST_CASE("nothing is listed when nothing waits") {
    ManualClock clock;
    IOLoop loop(clock);
    const Task<> not_started = outer_wait();
    CHECK(dump_tasks().empty());
  }

  TEST_CASE("a dump names the place of the wait and of those who await it") {
    ManualClock clock;
    IOLoop loop(clock);
    const Started task(outer_wait());
    const std::string dump = dump_tasks();
    INFO(dump);
    CHECK(dump.starts_with("waiting for "));
    const auto inner = dump.find(place(inner_line) + "inner_wait");
    const auto outer = dump.find(place(outer_line) + "outer_wait");
    REQUIRE(inner != std::string::npos);
    REQUIRE(outer != std::string::npos);
    CHECK(inner < outer);
    CHECK(count(dump, "\n") == 3);
    clock.advance(1s);
    run_ready(loop);
    CHECK(dump_tasks().empty());
  }

  TEST_CASE("the coroutines of the current loop are listed, not those of another") {
    ManualClock clock;
    std::string dump;
    REQUIRE(dump_tasks().empty());  // without a loop, too
    REQUIRE(IOLoop::current_or_null() == nullptr);
    IOLoop first(clock);
    IOLoop second(clock);
    const Started task(inner_wait());
    second.add_callback([&] { spawn_callback(outer_wait()); });
    second.call_later(1ms, [&] { dump = dump_tasks(); });
    run_ready(second);
    CHECK(count(dump_tasks(), "waiting for ") == 1);
    CHECK(count(dump_tasks(), place(outer_line)) == 0);
    clock.advance(1ms);
    run_ready(second);
    CHECK(count(dump, "waiting for ") == 1);
    CHECK(count(dump, place(outer_line)) == 1);
  }

  TEST_CASE("each child of a multi is listed below the one that joins them") {
    ManualClock clock;
    IOLoop loop(clock);
    Started task(join_two());
    const std::string dump = dump_tasks();
    INFO(dump);
    CHECK(count(dump, "waiting for ") == 2);
    CHECK(count(dump, place(inner_line)) == 2);
    CHECK(count(dump, place(join_line)) == 2);
    task.destroy();
    CHECK(dump_tasks().empty());
  }

  TEST_CASE("what a time-out guards is listed with the caller") {
    ManualClock clock;
    IOLoop loop(clock);
    const Started task(gen::with_timeout(1s, outer_wait()));
    const std::string dump = dump_tasks();
    INFO(dump);
    CHECK(count(dump, "waiting for ") == 1);
    CHECK(count(dump, place(outer_line)) == 1);
    CHECK(count(dump, "with_timeout") == 1);
  }
}
