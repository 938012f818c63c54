#include <funnel/log.h>

#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

using namespace funnel;

TEST_SUITE("core.log.threads") {
  TEST_CASE("records from many threads come one at a time, and none is lost") {
    constexpr int threads = 4;
    constexpr int each = 250;
    bool inside = false;
    bool overlapped = false;
    std::map<std::string, int> next;
    auto previous = log::set_sink([&](const log::Logger&, log::Level, std::string_view message) {
      overlapped = overlapped || inside;
      inside = true;
      ++next[std::string(message)];
      inside = false;
    });
    std::vector<std::thread> writers;
    writers.reserve(threads);
    for (int t = 0; t < threads; ++t) {
      writers.emplace_back([t] {
        for (int i = 0; i < each; ++i) log::app().info(std::to_string(t));
      });
    }
    for (std::thread& writer : writers) writer.join();
    log::set_sink(std::move(previous));
    CHECK(!overlapped);
    REQUIRE(next.size() == threads);
    for (const auto& [name, count] : next) CHECK(count == each);
  }

  TEST_CASE("a capture may be read while threads log") {
    testing::LogCapture log;
    std::thread writer([] {
      for (int i = 0; i < 500; ++i) log::app().info("tick");
    });
    while (log.size() < 100) std::this_thread::yield();
    CHECK(log.contains("tick"));
    writer.join();
    CHECK(log.size() == 500);
  }
}
