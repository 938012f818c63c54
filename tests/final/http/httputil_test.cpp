#include <doctest/doctest.h>
#include <funnel/httputil.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>

using namespace funnel;

namespace {

std::error_code request_line_error(std::string_view line) {
  return parse_request_start_line(line).error();
}

std::error_code status_line_error(std::string_view line) {
  return parse_response_start_line(line).error();
}

}  // namespace

TEST_SUITE("http.httputil") {
  TEST_CASE("a request line has a method, a target and a version") {
    const auto line = parse_request_start_line("GET /foo?a=b HTTP/1.1");
    REQUIRE(line);
    CHECK(line->method == "GET");
    CHECK(line->target == "/foo?a=b");
    CHECK(line->version == "HTTP/1.1");
    CHECK(parse_request_start_line("GET / HTTP/1.0")->version == "HTTP/1.0");
    CHECK(parse_request_start_line("GET / HTTP/1.9")->version == "HTTP/1.1");
  }

  TEST_CASE("a malformed request line is refused, each defect by its own error") {
    for (const auto& row : {
             std::pair{"", ParseError::bad_request_line},
             {"asdf", ParseError::bad_request_line},
             {"GET /", ParseError::bad_request_line},
             {"GET  HTTP/1.1", ParseError::bad_request_line},
             {"GET  / HTTP/1.1", ParseError::bad_request_line},
             {"GET / HTTP/1.1 ", ParseError::bad_request_line},
             {"GET /a b HTTP/1.1", ParseError::bad_request_line},
             {" GET / HTTP/1.1", ParseError::bad_method},
             {"FOO,BAR / HTTP/1.1", ParseError::bad_method},
             {"GET\t/ HTTP/1.1", ParseError::bad_method},
             {"GET /\xE9 HTTP/1.1", ParseError::bad_target},
             {"GET /#x HTTP/1.1", ParseError::bad_target},
             {"GET /\x7F HTTP/1.1", ParseError::bad_target},
             {"GET /\tx HTTP/1.1", ParseError::bad_target},
             {"GET / http/1.1", ParseError::bad_version},
             {"GET / HTTP/1.10", ParseError::bad_version},
             {"GET / HTTP/1", ParseError::bad_version},
             {"GET / HTTP/1,1", ParseError::bad_version},
             {"GET / HTTP/x.1", ParseError::bad_version},
             {"GET / HTTP/1.x", ParseError::bad_version},
             {"GET / HTTP/0.9", ParseError::unsupported_version},
             {"GET / HTTP/2.0", ParseError::unsupported_version},
             {"GET / HTTP/9.9", ParseError::unsupported_version},
             {"PRI * HTTP/2.0", ParseError::unsupported_version},
         }) {
      CAPTURE(std::string(row.first));
      CHECK(request_line_error(row.first) == row.second);
    }
  }

  TEST_CASE("a status line has a version, a code and perhaps a reason") {
    const auto line = parse_response_start_line("HTTP/1.1 404 Not Found");
    REQUIRE(line);
    CHECK(line->version == "HTTP/1.1");
    CHECK(line->code == 404);
    CHECK(line->reason == "Not Found");
    CHECK(parse_response_start_line("HTTP/1.0 200 ")->reason.empty());
    CHECK(parse_response_start_line("HTTP/1.0 200 ")->version == "HTTP/1.0");
    CHECK(parse_response_start_line("HTTP/1.1 999 \tx\xE9")->code == 999);
  }

  TEST_CASE("a malformed status line is refused") {
    for (const char* line :
         {"", "HTTP/1.1", "HTTP/1.1 200", "HTTP/1.1 2000 OK", "HTTP/1.1 20 OK", "HTTP/1.1 20",
          "HTTP/1.1 2000", "HTTP/1.1 2x0 OK", "HTTP/1.1 099 OK", "HTTP/1.1 +20 OK",
          "HTTP/1.1  200 OK", "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK", "ICY 200 OK",
          "http/1.1 200 OK", "HTTP/1.10 200 OK", "HTTP/1.1 200 O\x01K", "HTTP/1.1 200 O\rK"}) {
      CAPTURE(std::string(line));
      CHECK(status_line_error(line) == ParseError::bad_status_line);
    }
    CHECK(status_line_error("HTTP/2.0 200 OK") == ParseError::unsupported_version);
  }

  TEST_CASE("a response head is parsed whole or not at all") {
    const auto head = parse_response_head("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n");
    REQUIRE(head);
    CHECK(head->start_line.code == 200);
    CHECK(head->headers.get("c") == "d");
    CHECK(head->headers.size() == 2);
    CHECK(parse_response_head("HTTP/1.1 200 OK\r\n\r\n")->headers.empty());

    for (const auto& row : {
             std::pair{"", ParseError::bad_line_end},
             {"HTTP/1.1 200 OK", ParseError::bad_line_end},
             {"HTTP/1.1 200 OK\r\n", ParseError::bad_line_end},
             {"HTTP/1.1 200 OK\n\n", ParseError::bad_line_end},
             {"HTTP/1.1 200 OK\r\nA: b\r\n", ParseError::bad_line_end},
             {"HTTP/1.1 200 OK\r\nA: b", ParseError::bad_line_end},
             {"HTTP/1.1 200 OK\r\nA: b\r\nxy", ParseError::bad_line_end},
             {"HTTP/1.1 200 OK\r\nA: b\n\r\n", ParseError::bad_line_end},
             {"HTTP/1.1 200 OK\r\n\r\n\r\n", ParseError::bad_header_line},
             {"HTTP/1.1 200 OK\r\nA b\r\n\r\n", ParseError::bad_header_name},
             {"HTTP/1.1 20 OK\r\n\r\n", ParseError::bad_status_line},
         }) {
      CAPTURE(std::string(row.first));
      CHECK(parse_response_head(row.first).error() == row.second);
    }
  }

  TEST_CASE("reason phrases are the registered ones, or Unknown") {
    CHECK(reason_phrase(200) == "OK");
    CHECK(reason_phrase(404) == "Not Found");
    CHECK(reason_phrase(431) == "Request Header Fields Too Large");
    CHECK(reason_phrase(505) == "HTTP Version Not Supported");
    CHECK(reason_phrase(299) == "Unknown");
    CHECK(reason_phrase(-1) == "Unknown");
    int known = 0;
    for (int code = 0; code < 1000; ++code) {
      CHECK(is_valid_reason_phrase(reason_phrase(code)));
      if (reason_phrase(code) != "Unknown") ++known;
    }
    CHECK(known == 60);
  }

  TEST_CASE("a reason phrase may be sent if it ends no line and opens no tag") {
    CHECK(is_valid_reason_phrase("Not\tso \xC3\xA9"));
    for (const char* reason : {"", "a\rb", "a\nb", "<b>", "\x7F"}) {
      CHECK(!is_valid_reason_phrase(reason));
    }
  }

  TEST_CASE("tokens and header values are told from others") {
    CHECK(is_token("X-foo_bar!"));
    for (const std::string_view text : {"", "a b", "a:", "\xE9", "a\t", "(a)"}) {
      CHECK(!is_token(text));
    }
    CHECK(!is_token(std::string_view("a\0b", 3)));
    CHECK(is_valid_header_value(""));
    CHECK(is_valid_header_value("a\tb \x80\xFF"));
    for (const std::string_view text : {"\r", "a\nb", "\x7F", "\x1F"}) {
      CHECK(!is_valid_header_value(text));
    }
    CHECK(!is_valid_header_value(std::string_view("a\0b", 3)));
  }

  TEST_CASE("parse_int takes digits only and notices overflow") {
    CHECK(parse_int("0") == 0);
    CHECK(parse_int("0042") == 42);
    CHECK(parse_int("18446744073709551615") == std::numeric_limits<std::uint64_t>::max());
    for (const char* text : {"", "-1", "+10", "1_0", "foo", " 1", "1 ", "0x1", "a", "1.0",
                             "18446744073709551616", "99999999999999999999999"}) {
      CAPTURE(std::string(text));
      CHECK(!parse_int(text));
    }
  }

  TEST_CASE("parse_hex_int takes hexadecimal digits only and notices overflow") {
    CHECK(parse_hex_int("a") == 10);
    CHECK(parse_hex_int("A0f") == 0xA0F);
    CHECK(parse_hex_int("ffffffffffffffff") == std::numeric_limits<std::uint64_t>::max());
    for (const char* text : {"", "-1", "0x1", "1_a", "g", "1 ", "10000000000000000"}) {
      CAPTURE(std::string(text));
      CHECK(!parse_hex_int(text));
    }
  }

  TEST_CASE("split_host_and_port splits at a port's colon only") {
    using Split = std::pair<std::string, std::optional<std::uint16_t>>;
    CHECK(split_host_and_port("localhost") == Split{"localhost", {}});
    CHECK(split_host_and_port("localhost:80") == Split{"localhost", 80});
    CHECK(split_host_and_port("[::1]:80") == Split{"[::1]", 80});
    for (const char* text :
         {"[::1]", "a:b", "::1", "localhost:", "a:65536", "[::1", "[::1]x", ":80", "a:1:2", ""}) {
      CAPTURE(std::string(text));
      CHECK(split_host_and_port(text) == Split{text, {}});
    }
    CHECK(split_host_and_port("a:65535") == Split{"a", 65535});
  }
}
