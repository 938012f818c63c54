#include <funnel/netutil.h>

#include <doctest/doctest.h>

#include <funnel/ioloop.h>
#include <funnel/task.h>

#include <unistd.h>

#include "../core/support.h"

using namespace funnel;

namespace {

constexpr int found = 7;

/// Looks a name up when the process ends, after everything that was made later is gone.
class LookUpAtExit {
 public:
  LookUpAtExit() = default;
  LookUpAtExit(const LookUpAtExit&) = delete;
  LookUpAtExit& operator=(const LookUpAtExit&) = delete;
  ~LookUpAtExit() {
    IOLoop loop;
    const auto addresses = loop.run_sync(default_resolver().resolve("localhost", 80));
    ::_exit(addresses.empty() ? 1 : found);
  }
};

}  // namespace

TEST_SUITE("net.resolver.process") {
  TEST_CASE("a name is looked up by a static object that dies last" * doctest::skip()) {
    static const LookUpAtExit dies_last;
    (void)default_resolver();
  }

  TEST_CASE("names are looked up to the very end of the process") {
    const auto end = core_tests::run_case("a name is looked up by a static object that dies last");
    CHECK(end.exited_with(found));
    CHECK(end.errors == "");
  }
}
