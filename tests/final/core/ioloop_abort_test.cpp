#include <funnel/ioloop.h>

#include <doctest/doctest.h>

#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/loop_core.h"
#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::run_in_child;

namespace {

/// Calls `function` on a thread that does not own the loop, in a child process.
core_tests::ChildEnd call_elsewhere(std::function<void(IOLoop&)> function) {
  return run_in_child([&] {
    IOLoop loop;
    std::thread(function, std::ref(loop)).join();
  });
}

void check_refused(const char* name, std::function<void(IOLoop&)> function) {
  CAPTURE(name);
  const auto end = call_elsewhere(std::move(function));
  CHECK(end.aborted());
  CHECK(end.errors.find(std::string("funnel: IOLoop::") + name +
                        " was called from a thread that does not run the loop") !=
        std::string::npos);
}

/// Calls `function` while another thread runs the loop, in a child process.
core_tests::ChildEnd call_beside_a_run(std::function<void(IOLoop&)> function) {
  return run_in_child([&] {
    auto* loop = new IOLoop;
    std::promise<void> running;
    loop->add_callback([&running] { running.set_value(); });
    std::thread runner([loop] { loop->start(); });
    running.get_future().wait();
    function(*loop);
  });
}

}  // namespace

TEST_SUITE("core.ioloop.contracts") {
#if FUNNEL_CHECK_THREADS
  TEST_CASE("a member that another thread calls aborts with a message") {
    check_refused("stop", [](IOLoop& loop) { loop.stop(); });
    check_refused("call_at", [](IOLoop& loop) { loop.call_later(1s, [] {}); });
    check_refused("call_at", [](IOLoop& loop) { loop.call_at(TimePoint{}, [] {}); });
    check_refused("remove_timeout", [](IOLoop& loop) { loop.remove_timeout(Timeout()); });
    check_refused("add_handler",
                  [](IOLoop& loop) { loop.add_handler(0, IOLoop::read, [](int, unsigned) {}); });
    check_refused("update_handler", [](IOLoop& loop) { loop.update_handler(0, IOLoop::read); });
    check_refused("remove_handler", [](IOLoop& loop) { loop.remove_handler(0); });
    check_refused("set_blocking_log_threshold",
                  [](IOLoop& loop) { loop.set_blocking_log_threshold(1s); });
  }
#endif

  TEST_CASE("add_callback is for any thread") {
    CHECK(call_elsewhere([](IOLoop& loop) { loop.add_callback([] {}); }).exited_with(0));
  }

  TEST_CASE("add_callback is for any thread while another one runs the loop, too") {
    CHECK(call_beside_a_run([](IOLoop& loop) {
            std::promise<void> ran;
            loop.add_callback([&ran] { ran.set_value(); });
            ran.get_future().wait();
            ::_exit(0);
          }).exited_with(0));
  }

  TEST_CASE("destroying a loop while it runs aborts with a message") {
    const auto inside = run_in_child([] {
      auto* loop = new IOLoop;
      loop->add_callback([loop] { delete loop; });
      loop->start();
    });
    CHECK(inside.aborted());
    CHECK(inside.errors.find("an IOLoop was destroyed while running") != std::string::npos);
    const auto beside = call_beside_a_run([](IOLoop& loop) { delete &loop; });
    CHECK(beside.aborted());
    CHECK(beside.errors.find("an IOLoop was destroyed while running") != std::string::npos);
  }

  TEST_CASE("two threads that run one loop at once abort with a message") {
    for (const auto& function : std::vector<std::function<void(IOLoop&)>>{
             [](IOLoop& loop) { loop.start(); },
             [](IOLoop& loop) { loop.run_sync(Task<>()); },
         }) {
      const auto end = call_beside_a_run(function);
      CHECK(end.aborted());
      CHECK(end.errors.find("an IOLoop was run by two threads at once") != std::string::npos);
    }
  }

  TEST_CASE("destroying a loop before what was made on it aborts with a message") {
    const auto end = run_in_child([] {
      IOLoop loop;
      loop.core().resource_added();
    });
    CHECK(end.aborted());
    CHECK(end.errors.find("before the streams and servers") != std::string::npos);
  }
}
