// final: yes

#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "loops.h"
#include "support/background.h"
#include "support/readable.h"
#include "support/story.h"

// Task 2.3. No test here sets a timer: that is for the next task.

using funnel::IOLoop;
using funnel::testing::LogCapture;
using funnel::testing::run_ready;
using namespace std::chrono_literals;
using loops::Watchdog;
using loops::Wire;
using test_support::Background;
using test_support::tell;

namespace {

void start(IOLoop& loop) {
  tell("yours", "start()");
  const Watchdog watchdog("start()");
  loop.start();
  tell("yours", "start() has returned");
}

}  // namespace

TEST_CASE("callbacks run in the order of the calls and never inside add_callback") {
  IOLoop loop;
  std::string order;
  tell("yours", "add_callback: one, two, three");
  for (const char* name : {"one ", "two ", "three "}) {
    loop.add_callback([&order, name] { order += name; });
  }
  REQUIRE(order.empty());
  run_ready(loop);
  REQUIRE(order == "one two three ");

  tell("yours", "a callback adds another one");
  loop.add_callback([&] {
    order += "outer begins ";
    loop.add_callback([&] { order += "inner "; });
    order += "outer ends ";
  });
  run_ready(loop);
  REQUIRE(order == "one two three outer begins outer ends inner ");
}

TEST_CASE("callbacks that add callbacks do not keep a socket waiting") {
  IOLoop loop;
  const Wire wire;
  int turns = 0;
  std::function<void()> again = [&] {
    ++turns;
    if (turns < 1000) loop.add_callback(again);
  };
  int turns_before_the_socket = -1;
  loop.add_handler(wire.near(), IOLoop::read, [&](int fd, unsigned) {
    turns_before_the_socket = turns;
    loop.remove_handler(fd);
  });
  tell("yours", "a callback that adds itself again, a thousand times");
  loop.add_callback([&] {
    wire.send("hello");
    again();
  });
  run_ready(loop);
  REQUIRE(turns == 1000);
  tell("expected", "what a callback adds waits for the next turn, and the socket has its turn");
  tell("yours", "had run " + std::to_string(turns_before_the_socket) +
                    " of them when the handler was called");
  CHECK(turns_before_the_socket > 0);
  REQUIRE(turns_before_the_socket < 10);
}

TEST_CASE("ten threads add callbacks and none is lost") {
  IOLoop loop;
  constexpr int each = 500;
  int ran = 0;  // not atomic: all of them run on this thread
  const std::thread::id here = std::this_thread::get_id();
  bool elsewhere = false;
  std::vector<std::thread> threads;
  threads.reserve(10);
  tell("yours", "ten threads call add_callback 500 times each, while the loop runs");
  for (int i = 0; i < 10; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < each; ++k) {
        loop.add_callback([&] {
          if (std::this_thread::get_id() != here) elsewhere = true;
          if (++ran == 10 * each) loop.stop();
        });
      }
    });
  }
  start(loop);
  for (std::thread& thread : threads) thread.join();
  CHECK(ran == 10 * each);
  CHECK(!elsewhere);
}

TEST_CASE("a callback from another thread wakes a loop that waits") {
  IOLoop loop;
  for (int i = 0; i < 3; ++i) {
    std::atomic<bool> is_waiting = false;
    loop.add_callback([&] { is_waiting = true; });
    Background other("the other thread", [&] {
      test_support::eventually([&] { return is_waiting.load(); });
      std::this_thread::sleep_for(5ms);  // so that it waits, probably; it has to work at any rate
      tell("other", "add_callback: stop");
      loop.add_callback([&] { loop.stop(); });
    });
    start(loop);
    other.join();
  }
}

TEST_CASE("stop keeps the callbacks that have not run for the next start") {
  IOLoop loop;
  std::string order;
  loop.add_callback([&] {
    order += "one ";
    loop.add_callback([&] { order += "four "; });
    tell("yours", "the first of three callbacks adds a fourth, and calls stop()");
    loop.stop();
  });
  loop.add_callback([&] { order += "two "; });
  loop.add_callback([&] { order += "three "; });
  start(loop);
  CHECK(order.starts_with("one "));
  loop.add_callback([&] { loop.stop(); });
  start(loop);
  tell("expected", "all four have run, in the order in which they were added");
  REQUIRE(order == "one two three four ");
}

TEST_CASE("an exception in a callback is logged and the others run") {
  const LogCapture log;
  IOLoop loop;
  bool ran = false;
  loop.add_callback([] { throw std::runtime_error("the first callback has failed"); });
  loop.add_callback([] { throw 42; });
  loop.add_callback([&] { ran = true; });
  run_ready(loop);
  CHECK(ran);
  CHECK(log.contains("the first callback has failed"));
  tell("expected", "both exceptions are logged, the one that is no std::exception too");
  CHECK(log.size() == 2);
}

TEST_CASE("a callback is destroyed as soon as it has run") {
  IOLoop loop;
  auto held = std::make_shared<int>(0);
  long users = 0;
  loop.add_callback([held] {});
  loop.add_callback([&] { users = held.use_count(); });
  run_ready(loop);
  tell("expected", "when the second callback runs, the first and what it held are gone");
  REQUIRE(users == 1);
}
