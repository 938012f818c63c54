#include <funnel/executor.h>

#include <funnel/future.h>
#include <funnel/gen.h>

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
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

Task<> limited_wait() {
  auto forever = run_in_executor([] {
    for (;;) ::pause();
  });
  co_await gen::with_timeout(1ms, std::move(forever));
}

}  // namespace

TEST_SUITE("core.executor.process") {
  TEST_CASE("a function that hangs does not hold up the end of the process") {
    const auto end = core_tests::run_in_child([] {
      {
        IOLoop loop;
        try {
          loop.run_sync(limited_wait());
        } catch (const TimeoutError&) {
        }
      }
      std::exit(7);  // runs the destructors of static objects, as the end of main does
    });
    CHECK(end.exited_with(7));
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
}
