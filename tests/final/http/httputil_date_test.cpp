#include <doctest/doctest.h>
#include <funnel/httputil.h>

#include <chrono>
#include <optional>
#include <string>

using namespace funnel;
using namespace std::chrono_literals;
using std::chrono::system_clock;

namespace {

system_clock::time_point at(long long seconds) {
  return system_clock::time_point(std::chrono::seconds(seconds));
}

const system_clock::time_point in_2026 = at(1767225600);

}  // namespace

TEST_SUITE("http.date") {
  TEST_CASE("a time is formatted as RFC 9110 wants it") {
    CHECK(format_timestamp(at(1359312200) + 503ms) == "Sun, 27 Jan 2013 18:43:20 GMT");
    CHECK(format_timestamp(at(784111777)) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(format_timestamp(at(0)) == "Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK(format_timestamp(at(-1)) == "Wed, 31 Dec 1969 23:59:59 GMT");
    CHECK(format_timestamp(at(951782400)) == "Tue, 29 Feb 2000 00:00:00 GMT");
    CHECK(format_timestamp(at(4102444799)) == "Thu, 31 Dec 2099 23:59:59 GMT");
  }

  TEST_CASE("all three forms of a date are read") {
    const auto expected = at(784111777);
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == expected);
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", in_2026) == expected);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == expected);
    CHECK(parse_http_date("Wed Nov 16 08:49:37 1994") == expected + 240h);
    CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == at(1483228800));
  }

  TEST_CASE("what is formatted is read back") {
    for (long long seconds = -2'000'000'000; seconds < 6'000'000'000; seconds += 12'345'678) {
      CHECK(parse_http_date(format_timestamp(at(seconds))) == at(seconds));
    }
  }

  TEST_CASE("two digits are a year at most 50 years ahead") {
    const auto year_of = [](const std::string& digits, system_clock::time_point now) {
      const auto time = parse_http_date("Sunday, 01-Jan-" + digits + " 00:00:00 GMT", now);
      REQUIRE(time);
      const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(*time));
      return static_cast<int>(date.year());
    };
    CHECK(year_of("26", in_2026) == 2026);
    CHECK(year_of("75", in_2026) == 2075);
    CHECK(year_of("77", in_2026) == 1977);
    CHECK(year_of("99", in_2026) == 1999);
    CHECK(year_of("00", in_2026) == 2000);
    const auto in_2069 = at(3124224000);
    CHECK(year_of("18", in_2069) == 2118);
    CHECK(year_of("20", in_2069) == 2020);
  }

  TEST_CASE("what is no date is refused") {
    for (const char* text : {"",
                             "x",
                             "Sun, 06 Nov 1994 08:49:37",
                             "Sun, 06 Nov 1994 08:49:37 UTC",
                             "Sun, 06 Nov 1994 08:49:37 GMT ",
                             " Sun, 06 Nov 1994 08:49:37 GMT",
                             "Sun, 6 Nov 1994 08:49:37 GMT",
                             "Sun, 06 nov 1994 08:49:37 GMT",
                             "Sun, 31 Nov 1994 08:49:37 GMT",
                             "Tue, 29 Feb 2023 08:49:37 GMT",
                             "Sun, 00 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 1994 24:49:37 GMT",
                             "Sun, 06 Nov 1994 08:60:37 GMT",
                             "Sun, 06 Nov 1994 08:49:61 GMT",
                             "Sun, 06 Nov 1994 8:49:37 GMT",
                             "Sun, -6 Nov 1994 08:49:37 GMT",
                             "Xun, 06 Nov 1994 08:49:37 GMT",
                             "Sun 06 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 9999 08:49:37 GMT",
                             "Sun, 06 Nov 0001 08:49:37 GMT",
                             "Sun, 06-Nov-94 08:49:37 GMT",
                             "Sunday, 06-Nov-1994 08:49:37 GMT",
                             "Sun Nov 6 08:49:37 1994",
                             "Sun Nov  6 08:49:37 1994 GMT",
                             "1994-11-06T08:49:37Z"}) {
      CAPTURE(std::string(text));
      CHECK(!parse_http_date(text));
    }
  }
}
