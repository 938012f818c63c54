#include <funnel/trace.h>

#include <funnel/ioloop.h>

#include <doctest/doctest.h>

#include <set>
#include <thread>
#include <vector>

#include "trace_file.h"

using namespace funnel;
using core_tests::Trace;

TEST_SUITE("core.trace.threads") {
  TEST_CASE("helper: traced callbacks of threads" * doctest::skip()) {
    constexpr int threads = 4;
    constexpr int each = 50;
    IOLoop loop;
    int left = threads * each;
    std::vector<std::thread> others;
    others.reserve(threads);
    for (int t = 0; t < threads; ++t) {
      others.emplace_back([&] {
        for (int i = 0; i < each; ++i) {
          trace::note("adds");
          loop.add_callback([&] {
            if (--left == 0) loop.stop();
          });
        }
      });
    }
    loop.start();
    for (std::thread& other : others) other.join();
  }

  TEST_CASE("lines of many threads are whole, and each callback has its own number") {
    const Trace trace("helper: traced callbacks of threads");
    CHECK(trace.of("note").size() == 200);
    CHECK(trace.of("callback.run").size() == 200);
    CHECK(trace.of("callback.end").size() == 200);
    std::set<unsigned long long> ids;
    for (const auto& line : trace.of("callback.add")) {
      CHECK(line.parent == 0);
      CHECK(line.turn == 0);  // the adding thread has no loop
      ids.insert(line.id);
    }
    CHECK(ids.size() == 200);
  }
}
