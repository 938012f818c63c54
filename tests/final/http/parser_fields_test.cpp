#include "http/parse_fields.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "parser_cuts.h"

using namespace funnel;
using namespace funnel::http;

namespace {

HeadLimits limits(std::size_t line, std::size_t bytes, std::size_t count) {
  HeadLimits limits;
  limits.max_request_line = line;
  limits.max_header_bytes = bytes;
  limits.max_header_lines = count;
  return limits;
}

constexpr std::string_view request_line = "GET / HTTP/1.1\r\n";

cuts::Head request(std::string_view fields, const HeadLimits& limits = HeadLimits()) {
  return cuts::parse_request(std::string(request_line).append(fields), limits);
}

cuts::Head response(std::string_view fields, const HeadLimits& limits = HeadLimits()) {
  return cuts::parse_response("HTTP/1.1 200 OK\r\n" + std::string(fields), "GET", limits);
}

}  // namespace

TEST_SUITE("http.parser.fields") {
  TEST_CASE("the defaults are 8 KiB, 64 KiB and 100 lines") {
    const HeadLimits defaults;
    CHECK(defaults.max_request_line == 8192);
    CHECK(defaults.max_header_bytes == 65536);
    CHECK(defaults.max_header_lines == 100);
  }

  TEST_CASE("a bad header line is refused in requests and responses alike") {
    for (const auto& row : {
             std::pair<std::string_view, ParseError>{"asdf", ParseError::bad_header_line},
             {": x", ParseError::bad_header_name},
             {"Foo : x", ParseError::bad_header_name},
             {"Foo\t: x", ParseError::bad_header_name},
             {"Fo o: x", ParseError::bad_header_name},
             {"X[]: x", ParseError::bad_header_name},
             {"X\x80: x", ParseError::bad_header_name},
             {{"X\0: x", 5}, ParseError::bad_header_name},
             {" folded", ParseError::obsolete_folding},
             {"\tfolded: x", ParseError::obsolete_folding},
             {"X: a\x01", ParseError::bad_header_value},
             {"X: a\x7F", ParseError::bad_header_value},
             {"X: \vchunked", ParseError::bad_header_value},
             {{"X: a\0b", 6}, ParseError::bad_header_value},
             {"X: a\rb", ParseError::bad_line_end},
             {"X: a\nY: b", ParseError::bad_line_end},
         }) {
      const std::string fields = "Host: h\r\n" + std::string(row.first) + "\r\n\r\n";
      CAPTURE(fields);
      CHECK(request(fields).error == row.second);
      CHECK(response(fields).error == row.second);
      CHECK(request(std::string(row.first) + "\r\nHost: h\r\n\r\n").error == row.second);
    }
  }

  TEST_CASE("a value may have any visible byte, blanks inside, and bytes above 0x7F") {
    const cuts::Head head = request("Host: h\r\nX: \t\"a:b\"\t;\x80\xFF \r\n\r\n");
    REQUIRE(head.status == ParseStatus::done);
    CHECK(head.fields[1].second == "\"a:b\"\t;\x80\xFF");
  }

  TEST_CASE("the header lines may have as many bytes as their limit, with the empty line") {
    const std::string fields = "Host: h\r\nX: 12345\r\n\r\n";
    for (const auto parse : {request, response}) {
      CHECK(parse(fields, limits(100, fields.size(), 9)).status == ParseStatus::done);
      CHECK(parse(fields, limits(100, fields.size() - 1, 9)).error ==
            ParseError::headers_too_large);
    }
  }

  TEST_CASE("a header line without end is refused as soon as the limit is passed") {
    const std::string fields = "Host: h\r\nX: " + std::string(88, 'x');
    for (const auto parse : {request, response}) {
      CHECK(parse(fields, limits(100, 100, 9)).status == ParseStatus::need_more);
      CHECK(parse(fields + 'x', limits(100, 100, 9)).error == ParseError::headers_too_large);
      CHECK(parse(fields + "x\r\n\r\n", limits(100, 100, 9)).error ==
            ParseError::headers_too_large);
    }
  }

  TEST_CASE("there may be as many header lines as their limit") {
    const std::string fields = "Host: h\r\nA: 1\r\nB: 2\r\n";
    for (const auto parse : {request, response}) {
      CHECK(parse(fields + "\r\n", limits(100, 1000, 3)).status == ParseStatus::done);
      CHECK(parse(fields + "\r\n", limits(100, 1000, 2)).error == ParseError::too_many_headers);
      CHECK(parse(fields, limits(100, 1000, 2)).error == ParseError::too_many_headers);
    }
  }

  TEST_CASE("the first line may be as long as its limit, with its end") {
    const std::string line = "GET /345 HTTP/1.1\r\n";
    const std::string rest = "Host: h\r\n\r\n";
    CHECK(cuts::parse_request(line + rest, limits(19, 99, 9)).status == ParseStatus::done);
    CHECK(cuts::parse_request("\r\n\r\n" + line + rest, limits(19, 99, 9)).status ==
          ParseStatus::done);
    CHECK(cuts::parse_request(line + rest, limits(18, 99, 9)).error ==
          ParseError::start_line_too_long);
    const std::string status_line = "HTTP/1.1 200 OK\r\n";
    CHECK(cuts::parse_response(status_line + rest, "GET", limits(17, 99, 9)).status ==
          ParseStatus::done);
    CHECK(cuts::parse_response(status_line + rest, "GET", limits(16, 99, 9)).error ==
          ParseError::start_line_too_long);
  }

  TEST_CASE("a first line without end is refused as soon as the limit is passed") {
    const std::string line = "GET /" + std::string(95, 'x');
    CHECK(cuts::parse_request(line, limits(100, 99, 9)).status == ParseStatus::need_more);
    CHECK(cuts::parse_request(line + 'x', limits(100, 99, 9)).error ==
          ParseError::start_line_too_long);
    CHECK(cuts::parse_response(line, "GET", limits(100, 99, 9)).status == ParseStatus::need_more);
    CHECK(cuts::parse_response(line + 'x', "GET", limits(100, 99, 9)).error ==
          ParseError::start_line_too_long);
  }

  // Scanned from its begin each time, it would not end before the time limit of all tests together.
  TEST_CASE("a line that comes byte by byte is scanned once") {
    constexpr std::size_t size = 2'000'000;
    const std::string text = std::string(request_line) + "Host: " + std::string(size, 'x');
    RequestHeadParser parser(limits(100, 2 * size, 9));
    bool waits = true;
    for (std::size_t end = 0; end <= text.size(); ++end) {
      waits = waits && parser.feed(std::string_view(text).substr(0, end)) == ParseStatus::need_more;
    }
    CHECK(waits);
  }

  TEST_CASE("the defaults refuse 100 KB of header, 5,000 headers and 4 MB of request line") {
    const auto error_of = [](const std::string& text) {
      RequestHeadParser parser;
      REQUIRE(parser.feed(text) == ParseStatus::failed);
      return parser.error();
    };
    const std::string start = std::string(request_line) + "Host: h\r\n";
    CHECK(error_of(start + "X: " + std::string(100'000, 'x')) == ParseError::headers_too_large);
    std::string many;
    for (int i = 0; i < 5000; ++i) many += "A: b\r\n";
    CHECK(error_of(start + many) == ParseError::too_many_headers);
    CHECK(error_of("GET /" + std::string(4'000'000, 'x')) == ParseError::start_line_too_long);
  }
}
