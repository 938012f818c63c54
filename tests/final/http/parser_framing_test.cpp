#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "http/parser.h"
#include "parser_cuts.h"

using namespace funnel;
using namespace funnel::http;

namespace {

cuts::Head post(std::string_view fields, std::string_view version = "1.1") {
  return cuts::parse_request("POST / HTTP/" + std::string(version) + "\r\nHost: h\r\n" +
                             std::string(fields) + "\r\n");
}

}  // namespace

TEST_SUITE("http.parser.framing") {
  TEST_CASE("a request without length and coding has no body") {
    CHECK(post("").framing == BodyFraming::none);
    CHECK(post("", "1.0").framing == BodyFraming::none);
  }

  TEST_CASE("Content-Length is a number of digits") {
    const cuts::Head head = post("content-LENGTH: 0042\r\n");
    CHECK(head.framing == BodyFraming::length);
    CHECK(head.content_length == 42);
    CHECK(post("Content-Length: 0\r\n").framing == BodyFraming::length);
    CHECK(post("Content-Length: 18446744073709551615\r\n").content_length ==
          std::numeric_limits<std::uint64_t>::max());
    for (const char* value : {"", "-1", "-5", "+5", "+10", "5x", "1_0", "foo", "0x5", "5 5", "5,",
                              "3, 3", "3,3", "5;x", "5.0", "\2405"}) {
      CAPTURE(std::string(value));
      CHECK(post("Content-Length: " + std::string(value) + "\r\n").error ==
            ParseError::bad_content_length);
    }
    CHECK(post("Content-Length: 18446744073709551616\r\n").error ==
          ParseError::content_length_overflow);
  }

  TEST_CASE("a request has one Content-Length, even if the second says the same") {
    CHECK(post("Content-Length: 3\r\nContent-Length: 4\r\n").error ==
          ParseError::duplicate_content_length);
    CHECK(post("Content-Length: 3\r\ncontent-length: 3\r\n").error ==
          ParseError::duplicate_content_length);
  }

  TEST_CASE("Transfer-Encoding is chunked, in any case of letters") {
    for (const char* value : {"chunked", "Chunked", "CHUNKED", "\t chunked \t"}) {
      const cuts::Head head = post("Transfer-Encoding: " + std::string(value) + "\r\n");
      CHECK(head.status == ParseStatus::done);
      CHECK(head.framing == BodyFraming::chunked);
    }
  }

  TEST_CASE("a list that ends with chunked has an unknown coding, any other no known end") {
    for (const char* value : {"gzip, chunked", "gzip,chunked", "identity, gzip ,\tchunked"}) {
      CAPTURE(std::string(value));
      CHECK(post("Transfer-Encoding: " + std::string(value) + "\r\n").error ==
            ParseError::unknown_transfer_coding);
    }
    for (const char* value :
         {"", "identity", "gzip", "xchunked", "chunkedx", "chunked, gzip", "chunked, chunked",
          "chunked,", ", chunked", "gzip,, chunked", "chunked;x=y", "gzip;q=1, chunked", "chunk ed",
          "\240chunked", "\"chunked\""}) {
      CAPTURE(std::string(value));
      CHECK(post("Transfer-Encoding: " + std::string(value) + "\r\n").error ==
            ParseError::bad_transfer_encoding);
    }
    CHECK(post("Transfer-Encoding: \vchunked\r\n").error == ParseError::bad_header_value);
  }

  TEST_CASE("Transfer-Encoding stands once, without Content-Length, and not in HTTP/1.0") {
    CHECK(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n").error ==
          ParseError::duplicate_transfer_encoding);
    CHECK(post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n").error ==
          ParseError::duplicate_transfer_encoding);
    CHECK(post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n").error ==
          ParseError::length_and_transfer_encoding);
    CHECK(post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n").error ==
          ParseError::length_and_transfer_encoding);
    CHECK(post("Content-Length: 3\r\nTransfer-Encoding: gzip\r\n").error ==
          ParseError::length_and_transfer_encoding);
    CHECK(post("Transfer-Encoding: chunked\r\n", "1.0").error ==
          ParseError::transfer_encoding_in_http_1_0);
    CHECK(post("Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n", "1.0").error ==
          ParseError::transfer_encoding_in_http_1_0);
  }

  TEST_CASE("HTTP/1.1 keeps the connection unless close is among the options") {
    for (const auto& row : {
             std::pair{"", true},
             {"Connection: keep-alive\r\n", true},
             {"Connection: close\r\n", false},
             {"Connection: CLOSE\r\n", false},
             {"Connection: keep-alive, close\r\n", false},
             {"Connection: close ,keep-alive\r\n", false},
             {"Connection: ,x,\tclose\t,\r\n", false},
             {"Connection: keep-alive\r\nConnection: close\r\n", false},
             {"Connection: closed\r\n", true},
             {"Connection: x close\r\n", true},
             {"Connection:\r\n", true},
         }) {
      CAPTURE(std::string(row.first));
      CHECK(post(row.first).keep_alive == row.second);
    }
  }

  TEST_CASE("HTTP/1.0 keeps the connection only if it is asked to") {
    CHECK(!post("", "1.0").keep_alive);
    CHECK(post("Connection: Keep-Alive\r\n", "1.0").keep_alive);
    CHECK(post("Connection: x, keep-alive\r\n", "1.0").keep_alive);
    CHECK(!post("Connection: keep-alive, close\r\n", "1.0").keep_alive);
  }

  TEST_CASE("Expect is 100-continue or refused, and nothing to HTTP/1.0") {
    CHECK(post("Expect: 100-Continue\r\nContent-Length: 1\r\n").expect_continue);
    CHECK(post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n").expect_continue);
    CHECK(!post("Expect: 100-continue\r\nContent-Length: 0\r\n").expect_continue);
    CHECK(!post("Expect: 100-continue\r\n").expect_continue);
    for (const char* value : {"foo", "", "100-continue, foo", "200-ok", "100-continue;x"}) {
      CHECK(post("Expect: " + std::string(value) + "\r\n").error ==
            ParseError::unknown_expectation);
    }
    CHECK(post("Expect: 100-continue\r\nExpect: 100-continue\r\n").error ==
          ParseError::unknown_expectation);
    const cuts::Head old = post("Expect: foo\r\nContent-Length: 1\r\n", "1.0");
    CHECK(old.status == ParseStatus::done);
    CHECK(!old.expect_continue);
  }

  TEST_CASE("an upgrade is meant when Connection names it too, and never in HTTP/1.0") {
    CHECK(post("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n").upgrade);
    CHECK(post("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n").keep_alive);
    CHECK(!post("Upgrade: websocket\r\n").upgrade);
    CHECK(!post("Connection: Upgrade\r\n").upgrade);
    CHECK(!post("Connection: Upgrade\r\nUpgrade: websocket\r\n", "1.0").upgrade);
  }
}
