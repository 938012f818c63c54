#include <funnel/executor.h>

#include <funnel/future.h>
#include <funnel/gen.h>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <system_error>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;

namespace {

/// Lets this process, and only this one, have no further thread.
void forbid_threads() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_NPROC, &none);
  if (::geteuid() == 0 && ::setuid(65534) != 0) std::_Exit(3);  // the limit is not for root
}

/// Waits until a function hangs on a thread of the default executor.
void hang_on_a_thread() {
  std::promise<void> hangs;
  default_executor().submit([&hangs] {
    hangs.set_value();
    for (;;) ::pause();
  });
  hangs.get_future().wait();
}

/// Uses the default executor after all static objects that it could depend on have died.
void use_at_the_end() {
  IOLoop loop;
  const auto seven = []() -> Task<int> {
    auto wait = run_in_executor([] { return 7; });
    co_return co_await std::move(wait);
  };
  ::_exit(loop.run_sync(seven()));
}

}  // namespace

TEST_SUITE("core.executor.process") {
  // std::exit runs the destructors of static objects, as the end of main does.

  TEST_CASE("helper: a hang at the end" * doctest::skip()) {
    hang_on_a_thread();
    std::exit(7);
  }

  TEST_CASE("a function that hangs does not hold up the end of the process") {
    CHECK(core_tests::run_case("helper: a hang at the end").exited_with(7));
  }

  TEST_CASE("helper: a use at the end" * doctest::skip()) {
    std::atexit(use_at_the_end);  // runs after the destructors of what is made from now on
    hang_on_a_thread();
    std::exit(1);
  }

  TEST_CASE("the default executor can be used as long as the process lives") {
    CHECK(core_tests::run_case("helper: a use at the end").exited_with(7));
  }

  TEST_CASE("awaiting on another loop than that of the call aborts with a message") {
    const auto end = core_tests::run_in_child([] {
      IOLoop first;
      IOLoop second;
      ThreadPoolExecutor executor(1);
      auto wait = run_in_executor(executor, [] {});
      second.run_sync(
          [](decltype(wait) moved) -> Task<> { co_await std::move(moved); }(std::move(wait)));
    });
    CHECK(end.aborted());
    CHECK(end.errors.find("awaited on another loop than it was called on") != std::string::npos);
  }

  TEST_CASE("a system without another thread makes the call throw, and nothing waits for it") {
    const auto end = core_tests::run_in_child([] {
      forbid_threads();
      IOLoop loop;
      ThreadPoolExecutor executor(1);
      bool refused = false;
      loop.run_sync([](ThreadPoolExecutor& pool, bool& out) -> Task<> {
        try {
          auto wait = run_in_executor(pool, [] {});
        } catch (const std::system_error&) {
          out = true;
        }
        co_await gen::sleep(0s);
      }(executor, refused));
      if (!refused) ::_exit(1);
      const Promise<> never;
      const auto wait = [](Future<> future) -> Task<> { co_await future; };
      try {
        loop.run_sync(wait(never.future()));
      } catch (const std::logic_error&) {
        ::_exit(7);  // the loop does not believe that a function still runs
      }
    });
    CHECK(end.exited_with(7));
  }

  TEST_CASE("a system without another thread leaves the function to the threads that are there") {
    const auto end = core_tests::run_in_child([] {
      ThreadPoolExecutor executor(2);
      std::promise<void> busy;
      std::promise<void> release;
      executor.submit([&] {
        busy.set_value();
        release.get_future().wait();
      });
      busy.get_future().wait();
      forbid_threads();
      std::promise<void> ran;
      executor.submit([&] { ran.set_value(); });
      release.set_value();
      ran.get_future().wait();
      ::_exit(7);
    });
    CHECK(end.exited_with(7));
  }
}
