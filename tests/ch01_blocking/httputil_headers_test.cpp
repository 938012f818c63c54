// final: yes

#include <funnel/httputil.h>

#include <doctest/doctest.h>

#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/readable.h"

// What is given: headers, numbers, request lines, the sentences of errors.

using namespace funnel;

namespace {

HTTPHeaders example() {
  HTTPHeaders headers;
  headers.add("Set-Cookie", "a=b");
  headers.add("content-type", "text/plain");
  headers.add("SET-COOKIE", "c=d");
  return headers;
}

}  // namespace

TEST_SUITE("ch01.headers") {
  TEST_CASE("headers are found ignoring case and listed in order") {
    const HTTPHeaders headers = example();
    CHECK(headers.to_string() ==
          "Set-Cookie: a=b\r\nContent-Type: text/plain\r\nSet-Cookie: c=d\r\n");
    CHECK(headers.get("CONTENT-type") == "text/plain");
    CHECK(headers.get("set-cookie") == "a=b,c=d");
    CHECK(headers.get_list("set-cookie") == std::vector<std::string>{"a=b", "c=d"});
    CHECK(headers.contains("set-Cookie"));
    CHECK(!headers.contains("none"));
    CHECK(!headers.get("none"));
    CHECK(headers.get_list("none").empty());
    CHECK(headers.size() == 3);
  }

  TEST_CASE("set replaces and remove removes all values of a header") {
    HTTPHeaders headers = example();
    headers.set("set-cookie", "x=y");
    headers.set("new", "1");
    CHECK(headers.to_string() == "Set-Cookie: x=y\r\nContent-Type: text/plain\r\nNew: 1\r\n");
    // Name and value may be views into the headers themselves.
    headers = example();
    const HTTPHeaders::Field& last = *(headers.end() - 1);
    headers.set(last.first, last.second);
    CHECK(headers.get_list("set-cookie") == std::vector<std::string>{"c=d"});
    CHECK(headers.remove(headers.begin()->first));
    CHECK(headers.to_string() == "Content-Type: text/plain\r\n");
    CHECK(!headers.remove("set-cookie"));
    CHECK(headers.remove("content-type"));
    CHECK(headers.empty());
  }

  TEST_CASE("a header that could end its line is refused and changes nothing") {
    HTTPHeaders headers = example();
    for (const std::string_view name : {"", "a b", "a\tb", "a\nb", "a ", " a", "a:", "\xC3\xA9"}) {
      CHECK_THROWS_AS(headers.add(name, "x"), std::invalid_argument);
      CHECK_THROWS_AS(headers.set(name, "x"), std::invalid_argument);
    }
    for (int byte = 0; byte < 256; ++byte) {
      const std::string value = std::string("a") + static_cast<char>(byte) + "b";
      const bool allowed = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
      CHECK(is_valid_header_value(value) == allowed);
      if (allowed) continue;
      CHECK_THROWS_AS(headers.add("X", value), std::invalid_argument);
      CHECK_THROWS_AS(headers.set("X", value), std::invalid_argument);
    }
    CHECK(headers == example());
  }

  TEST_CASE("a number is digits only and fits into 64 bits") {
    CHECK(parse_int("0042") == 42);
    CHECK(parse_int("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
    for (const char* text : {"", "-1", "+10", "1_0", "foo", " 1", "1 ", "0x1", "1.0",
                             "18446744073709551616", "99999999999999999999999"}) {
      CAPTURE(std::string(text));
      CHECK(!parse_int(text));
    }
  }

  TEST_CASE("a request line is a method and a target and a version") {
    const Result<RequestStartLine> line = parse_request_start_line("GET /foo?a=b HTTP/1.1");
    REQUIRE(line);
    CHECK(line->method == "GET");
    CHECK(line->target == "/foo?a=b");
    CHECK(line->version == "HTTP/1.1");
    CHECK(parse_request_start_line("GET / HTTP/1.0")->version == "HTTP/1.0");
    for (const auto& row : {
             std::pair{"", ParseError::bad_request_line},
             {"GET", ParseError::bad_request_line},
             {"GET /", ParseError::bad_request_line},
             {"GET  / HTTP/1.1", ParseError::bad_request_line},
             {"GET / HTTP/1.1 ", ParseError::bad_request_line},
             {"GET /a b HTTP/1.1", ParseError::bad_request_line},
             {" GET / HTTP/1.1", ParseError::bad_method},
             {"GET\t/ HTTP/1.1", ParseError::bad_method},
             {"GET /\xE9 HTTP/1.1", ParseError::bad_target},
             {"GET /#x HTTP/1.1", ParseError::bad_target},
             {"GET / http/1.1", ParseError::bad_version},
             {"GET / HTTP/1.10", ParseError::bad_version},
             {"GET / HTTP/2.0", ParseError::unsupported_version},
         }) {
      CAPTURE(std::string(row.first));
      CHECK(parse_request_start_line(row.first).error() == row.second);
    }
  }

  TEST_CASE("each error has a sentence of its own") {
    std::set<std::string> sentences;
    for (const std::error_code code :
         {make_error_code(ParseError::bad_status_line), make_error_code(ParseError::bad_line_end),
          make_error_code(ParseError::headers_too_large),
          make_error_code(ParseError::truncated_message),
          make_error_code(ParseError::body_too_large), make_error_code(URLError::missing_scheme),
          make_error_code(URLError::bad_host), make_error_code(URLError::bad_character)}) {
      CHECK(code.message().ends_with('.'));
      CHECK(sentences.insert(code.message()).second);
    }
    CHECK(std::string(http_error_category().name()) == "funnel.http");
    CHECK(std::string(url_error_category().name()) == "funnel.url");
  }
}
