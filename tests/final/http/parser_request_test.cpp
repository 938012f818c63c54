#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "http/parser.h"
#include "parser_cuts.h"

using namespace funnel;
using namespace funnel::http;
using cuts::parse_request;

namespace {

cuts::Head with_line(std::string_view line) {
  return parse_request(std::string(line) + "\r\nHost: h\r\n\r\n");
}

cuts::Head with_host(std::string_view host) {
  return parse_request("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
}

}  // namespace

TEST_SUITE("http.parser.request") {
  TEST_CASE("a request is taken apart, wherever it is cut") {
    const cuts::Head head = parse_request(
        "GET /a/b?c=d&e HTTP/1.1\r\n"
        "Host: example.com:8888\r\n"
        "accept:text/html\r\n"
        "X-Blank: \t \r\n"
        "X-Text:\t a \t b \r\n"
        "\r\nrest");
    REQUIRE(head.status == ParseStatus::done);
    CHECK(head.method == "GET");
    CHECK(head.target == "/a/b?c=d&e");
    CHECK(head.path == "/a/b");
    CHECK(head.query == "c=d&e");
    CHECK(head.host == "example.com:8888");
    CHECK(head.minor_version == 1);
    CHECK(head.fields == decltype(head.fields){{"Host", "example.com:8888"},
                                               {"accept", "text/html"},
                                               {"X-Blank", ""},
                                               {"X-Text", "a \t b"}});
    CHECK(head.size == 99);
    CHECK(head.framing == BodyFraming::none);
    CHECK(head.keep_alive);
    CHECK(!head.expect_continue);
    CHECK(!head.upgrade);
  }

  TEST_CASE("fields are found by name without regard to case and can be copied") {
    const std::string_view text = "GET / HTTP/1.1\r\nHost: h\r\nx-a: 1\r\nX-A: 2\r\n\r\n";
    RequestHeadParser parser;
    REQUIRE(parser.feed(text) == ParseStatus::done);
    REQUIRE(parser.head().find("X-a") != nullptr);
    CHECK(*parser.head().find("X-a") == "1");
    CHECK(parser.head().find("X-b") == nullptr);
    CHECK(copy_headers(parser.head().fields).to_string() == "Host: h\r\nX-A: 1\r\nX-A: 2\r\n");
  }

  TEST_CASE("any token is a method; whether there is such a method is not decided here") {
    CHECK(with_line("FOO /echo HTTP/1.1").method == "FOO");
    CHECK(with_line("get / HTTP/1.1").method == "get");
    CHECK(with_line("M-SEARCH / HTTP/1.1").method == "M-SEARCH");
  }

  TEST_CASE("minor versions above 1 are HTTP/1.1") {
    CHECK(with_line("GET / HTTP/1.0").minor_version == 0);
    CHECK(with_line("GET / HTTP/1.1").minor_version == 1);
    CHECK(with_line("GET / HTTP/1.2").minor_version == 1);
    CHECK(with_line("GET / HTTP/1.2").keep_alive);
  }

  TEST_CASE("a bad request line is refused") {
    for (const auto& row : {
             std::pair{"asdf", ParseError::bad_request_line},
             {"GET /", ParseError::bad_request_line},
             {"GET  / HTTP/1.1", ParseError::bad_request_line},
             {"GET / HTTP/1.1 ", ParseError::bad_request_line},
             {"GET /a b HTTP/1.1", ParseError::bad_request_line},
             {" GET / HTTP/1.1", ParseError::bad_method},
             {"FOO,BAR /echo HTTP/1.1", ParseError::bad_method},
             {"\x16\x03\x01\x02", ParseError::bad_method},
             {"GET / HTTP/1.10", ParseError::bad_version},
             {"GET / http/1.1", ParseError::bad_version},
             {"GET / HTTP/2.0", ParseError::unsupported_version},
             {"GET / HTTP/9.9", ParseError::unsupported_version},
             {"GET /#x HTTP/1.1", ParseError::bad_target},
             {"GET /\xE9 HTTP/1.1", ParseError::bad_target},
             {"GET /\x01 HTTP/1.1", ParseError::bad_target},
             {"GET /\r HTTP/1.1", ParseError::bad_target},
             {"GET x HTTP/1.1", ParseError::bad_target},
             {"GET * HTTP/1.1", ParseError::bad_target},
             {"OPTIONS ** HTTP/1.1", ParseError::bad_target},
             {"GET h:80 HTTP/1.1", ParseError::bad_target},
             {"GET ftp://h/ HTTP/1.1", ParseError::bad_target},
             {"GET http:///x HTTP/1.1", ParseError::bad_target},
             {"GET http://:80/x HTTP/1.1", ParseError::bad_target},
             {"GET http://u:p@h/x HTTP/1.1", ParseError::bad_target},
             {"GET http://h:x/ HTTP/1.1", ParseError::bad_target},
             {"GET http://h\\x/ HTTP/1.1", ParseError::bad_target},
             {"CONNECT h:443 HTTP/1.1", ParseError::connect_unsupported},
             {"CONNECT / HTTP/1.1", ParseError::connect_unsupported},
         }) {
      CAPTURE(std::string(row.first));
      const cuts::Head head = with_line(row.first);
      CHECK(head.status == ParseStatus::failed);
      CHECK(head.error == row.second);
    }
  }

  TEST_CASE("a client that speaks TLS is refused at its first byte") {
    CHECK(parse_request("\x16").error == ParseError::bad_method);
    CHECK(parse_request("\r\n\x16").error == ParseError::bad_method);
  }

  TEST_CASE("line ends are CRLF and nothing else") {
    for (const char* text :
         {"GET / HTTP/1.1\nHost: h\n\n", "GET / HTTP/1.1\nHost: h\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: h\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\n",
          "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", "\rGET / HTTP/1.1\r\n",
          "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n"}) {
      CAPTURE(std::string(text));
      CHECK(parse_request(text).error == ParseError::bad_line_end);
    }
  }

  TEST_CASE("up to four empty lines before a request are skipped and counted") {
    for (const std::string empty : {"\r\n", "\r\n\r\n", "\r\n\r\n\r\n\r\n"}) {
      const cuts::Head head = parse_request(empty + "GET /x HTTP/1.1\r\nHost: h\r\n\r\nrest");
      CHECK(head.path == "/x");
      CHECK(head.size == empty.size() + 28);
    }
    CHECK(parse_request("\r\n\r\n\r\n\r\n").status == ParseStatus::need_more);
    CHECK(parse_request("\r\n\r\n\r\n\r\n\r\n").error == ParseError::bad_request_line);
  }

  TEST_CASE("an incomplete head waits for more") {
    const std::string text = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for (std::size_t size = 0; size < text.size(); ++size) {
      CHECK(parse_request(text.substr(0, size)).status == ParseStatus::need_more);
    }
  }

  TEST_CASE("an absolute target names path and host, which replaces Host") {
    cuts::Head head = with_line("GET http://Example.com:81/p?q=/? HTTP/1.1");
    CHECK(head.path == "/p");
    CHECK(head.query == "q=/?");
    CHECK(head.host == "Example.com:81");
    CHECK(head.target == "http://Example.com:81/p?q=/?");
    head = with_line("GET HTTPS://[::1]?q HTTP/1.1");
    CHECK(head.path == "/");
    CHECK(head.query == "q");
    CHECK(head.host == "[::1]");
    CHECK(with_line("GET http://x HTTP/1.1").path == "/");
    CHECK(with_line("OPTIONS http://x HTTP/1.1").path == "*");
    CHECK(with_line("OPTIONS http://x/ HTTP/1.1").path == "/");
    CHECK(with_line("OPTIONS http://x?q HTTP/1.1").path == "/");
    CHECK(parse_request("GET http://x/ HTTP/1.1\r\n\r\n").error == ParseError::missing_host);
  }

  TEST_CASE("OPTIONS may ask about the server as a whole") {
    const cuts::Head head = with_line("OPTIONS * HTTP/1.1");
    CHECK(head.status == ParseStatus::done);
    CHECK(head.path == "*");
    CHECK(head.host == "h");
  }

  TEST_CASE("a path keeps its slashes, dots and escapes") {
    CHECK(with_line("GET //evil.com/../%2e%2E?? HTTP/1.1").path == "//evil.com/../%2e%2E");
    CHECK(with_line("GET //evil.com/../%2e%2E?? HTTP/1.1").query == "?");
  }

  TEST_CASE("Host is a name or an address with an optional port, or empty") {
    for (const char* host : {"h", "h:80", "h:", "127.0.0.1:8888", "[::1]", "[::1]:80", "a_b.c-d~",
                             "%41", "xn--bcher-kva.example"}) {
      CAPTURE(std::string(host));
      CHECK(with_host(host).status == ParseStatus::done);
      CHECK(with_host(host).host == host);
    }
    CHECK(with_host("").status == ParseStatus::done);
    CHECK(with_host("").host.empty());
    for (const char* host :
         {"foo bar", "h:x",    "h:65536", "h:-1",     "h:1:2",     ":80",     "::1",
          "[::1",    "[::1]x", "[::1]80", "[]",       "[1.2.3.4]", "u@h",     "h/",
          "h/x",     "a,b",    "a, b",    "http://h", "h\\x",      "\xC3\xA9"}) {
      CAPTURE(std::string(host));
      CHECK(with_host(host).error == ParseError::bad_host);
    }
  }

  TEST_CASE("HTTP/1.1 needs Host once; HTTP/1.0 at most once") {
    CHECK(parse_request("GET / HTTP/1.1\r\n\r\n").error == ParseError::missing_host);
    CHECK(parse_request("GET / HTTP/1.0\r\n\r\n").status == ParseStatus::done);
    for (const std::string version : {"1.0", "1.1"}) {
      const std::string line = "GET / HTTP/" + version + "\r\n";
      CHECK(parse_request(line + "Host: h\r\nhost: h\r\n\r\n").error == ParseError::duplicate_host);
      CHECK(parse_request(line + "Host:\r\nHost: h\r\n\r\n").error == ParseError::duplicate_host);
      CHECK(parse_request(line + "Host: a b\r\n\r\n").error == ParseError::bad_host);
    }
  }

  TEST_CASE("one parser serves one request after the other and says so again for each") {
    RequestHeadParser parser;
    const std::string full =
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
        "Connection: close, upgrade\r\nUpgrade: x\r\n\r\n";
    REQUIRE(parser.feed(full) == ParseStatus::done);
    parser.reset();
    REQUIRE(parser.feed("GET x HTTP/1.1\r\nHost: h\r\n\r\n") == ParseStatus::failed);
    parser.reset();
    REQUIRE(parser.feed("GET /2 HTTP/1.0\r\n\r\n") == ParseStatus::done);
    CHECK(cuts::copy(parser.head()) == parse_request("GET /2 HTTP/1.0\r\n\r\n"));
    parser.reset();
    REQUIRE(parser.feed(full) == ParseStatus::done);
    CHECK(cuts::copy(parser.head()) == parse_request(full));
  }
}
