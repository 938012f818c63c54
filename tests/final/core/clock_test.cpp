#include <funnel/clock.h>

#include <doctest/doctest.h>

using namespace funnel;
using namespace std::chrono_literals;

TEST_SUITE("core.clock") {
  TEST_CASE("the machine's clock runs by itself and never goes back") {
    Clock& clock = system_clock();
    CHECK(clock.runs_by_itself());
    CHECK(&clock == &system_clock());
    const TimePoint before = clock.now();
    CHECK(clock.now() >= before);
    CHECK(!clock.skip_to(before + 1h));
    CHECK(clock.now() < before + 1h);
  }

  TEST_CASE("a time after now that would overflow is the last one there is") {
    const TimePoint now(1h);
    CHECK(time_after(now, 1s) == now + 1s);
    CHECK(time_after(now, -2s) == now - 2s);
    CHECK(time_after(now, Duration::max()) == TimePoint::max());
    CHECK(time_after(TimePoint::max(), 1ns) == TimePoint::max());
    CHECK(time_after(now, Duration::min()) < now);
  }
}
