#include <funnel/error.h>

#include <doctest/doctest.h>

#include <string>

using namespace funnel;

TEST_SUITE("core.error") {
  TEST_CASE("the errors of waiting carry the system's codes") {
    const Cancelled cancelled;
    CHECK(cancelled.code() == std::errc::operation_canceled);
    const TimeoutError timeout("with_timeout: time is up");
    CHECK(timeout.code() == std::errc::timed_out);
    CHECK(timeout.what() == std::string("with_timeout: time is up"));
    CHECK(std::string(BrokenPromise().what()).find("without a result") != std::string::npos);
  }
}
