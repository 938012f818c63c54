#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "http/parser.h"
#include "parser_cuts.h"

using namespace funnel;
using namespace funnel::http;
using cuts::parse_response;

namespace {

/// A response with this status and these header lines, to a request with this method.
cuts::Head response(std::string_view status, std::string_view fields,
                    std::string_view method = "GET", std::string_view version = "1.1") {
  return parse_response("HTTP/" + std::string(version) + " " + std::string(status) + " x\r\n" +
                            std::string(fields) + "\r\n",
                        method);
}

constexpr const char* chunked = "Transfer-Encoding: chunked\r\n";
constexpr const char* five = "Content-Length: 5\r\n";

}  // namespace

TEST_SUITE("http.parser.response") {
  TEST_CASE("a response is taken apart, wherever it is cut") {
    const cuts::Head head =
        parse_response("HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-length: 5\r\n\r\nhello");
    REQUIRE(head.status == ParseStatus::done);
    CHECK(head.code == 404);
    CHECK(head.reason == "Not Found");
    CHECK(head.minor_version == 1);
    CHECK(head.fields == decltype(head.fields){{"Server", "x"}, {"Content-length", "5"}});
    CHECK(head.size == 56);
    CHECK(head.framing == BodyFraming::length);
    CHECK(head.content_length == 5);
    CHECK(head.keep_alive);
    CHECK(!head.upgrade);
  }

  TEST_CASE("fields are found by name without regard to case") {
    ResponseHeadParser parser;
    parser.reset("GET");
    REQUIRE(parser.feed("HTTP/1.1 200 OK\r\nEtag: \"x\"\r\n\r\n") == ParseStatus::done);
    REQUIRE(parser.head().find("ETag") != nullptr);
    CHECK(*parser.head().find("ETag") == "\"x\"");
    CHECK(parser.head().find("Date") == nullptr);
  }

  TEST_CASE("a bad status line is refused") {
    for (const auto& row : {
             std::pair{"HTTP/1.1 200\r\n\r\n", ParseError::bad_status_line},
             {"HTTP/1.1 20 OK\r\n\r\n", ParseError::bad_status_line},
             {"HTTP/1.1 2000 OK\r\n\r\n", ParseError::bad_status_line},
             {"ICY 200 OK\r\n\r\n", ParseError::bad_status_line},
             {"HTTP/1.1 200 a\rb\r\n\r\n", ParseError::bad_status_line},
             {"\r\nHTTP/1.1 200 OK\r\n\r\n", ParseError::bad_status_line},
             {"HTTP/2.0 200 OK\r\n\r\n", ParseError::unsupported_version},
             {"HTTP/1.1 200 OK\n\r\n", ParseError::bad_line_end},
             {"\nHTTP/1.1 200 OK\r\n\r\n", ParseError::bad_line_end},
             {"HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", ParseError::obsolete_folding},
             {"HTTP/1.1 200 OK\r\nX : y\r\n\r\n", ParseError::bad_header_name},
         }) {
      CAPTURE(std::string(row.first));
      CHECK(parse_response(row.first).error == row.second);
    }
    CHECK(parse_response("HTTP/1.1 200 \r\n\r\n").reason.empty());
    CHECK(parse_response("HTTP/1.1 200 \r\n\r\n").status == ParseStatus::done);
  }

  TEST_CASE("the body ends by chunks, by length, or with the connection") {
    CHECK(response("200", chunked).framing == BodyFraming::chunked);
    CHECK(response("200", five).framing == BodyFraming::length);
    CHECK(response("200", "Content-Length: 0\r\n").framing == BodyFraming::length);
    CHECK(response("200", "").framing == BodyFraming::until_close);
    CHECK(response("200", "", "GET", "1.0").framing == BodyFraming::until_close);
    CHECK(response("500", "", "POST").framing == BodyFraming::until_close);
  }

  TEST_CASE("answers to HEAD, consents to CONNECT and 304 have no body, whatever they announce") {
    for (const char* fields : {"", five, chunked}) {
      CHECK(response("200", fields, "HEAD").framing == BodyFraming::none);
      CHECK(response("404", fields, "HEAD").framing == BodyFraming::none);
      CHECK(response("200", fields, "CONNECT").framing == BodyFraming::none);
      CHECK(response("304", fields).framing == BodyFraming::none);
      CHECK(response("304", fields).status == ParseStatus::done);
    }
    CHECK(response("407", five, "CONNECT").framing == BodyFraming::length);
    CHECK(response("304", "Content-Length: 42\r\n").fields[0].second == "42");
  }

  TEST_CASE("1xx and 204 have no body and must not announce one") {
    for (const char* status : {"100", "101", "103", "204"}) {
      CHECK(response(status, "").framing == BodyFraming::none);
      CHECK(response(status, "").keep_alive);
      CHECK(response(status, "Content-Length: 0\r\n").status == ParseStatus::done);
      CHECK(response(status, five).error == ParseError::forbidden_body);
      CHECK(response(status, chunked).error == ParseError::forbidden_body);
      CHECK(response(status, five, "HEAD").error == ParseError::forbidden_body);
    }
  }

  TEST_CASE("equal lengths may be repeated, unequal ones not") {
    for (const char* fields : {"Content-Length: 2,2\r\n", "Content-Length: 2, 2,2\r\n",
                               "Content-Length: 2\r\nContent-Length: 2\r\n",
                               "Content-Length: 2\r\nContent-Length: 02\r\n"}) {
      CAPTURE(std::string(fields));
      CHECK(response("200", fields).content_length == 2);
      CHECK(response("200", fields).framing == BodyFraming::length);
    }
    for (const char* fields : {"Content-Length: 2,4\r\n", "Content-Length: 2, 2, 3\r\n",
                               "Content-Length: 2\r\nContent-Length: 3\r\n"}) {
      CAPTURE(std::string(fields));
      CHECK(response("200", fields).error == ParseError::duplicate_content_length);
    }
    for (const char* fields :
         {"Content-Length:\r\n", "Content-Length: 2,\r\n", "Content-Length: ,2\r\n",
          "Content-Length: -2\r\n", "Content-Length: 2\r\nContent-Length: x\r\n"}) {
      CAPTURE(std::string(fields));
      CHECK(response("200", fields).error == ParseError::bad_content_length);
    }
    CHECK(response("200", "Content-Length: 18446744073709551616\r\n").error ==
          ParseError::content_length_overflow);
  }

  TEST_CASE("a framing that can be read in two ways is refused") {
    CHECK(response("200", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n").error ==
          ParseError::length_and_transfer_encoding);
    CHECK(response("200", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n").error ==
          ParseError::duplicate_transfer_encoding);
    CHECK(response("200", "Transfer-Encoding: gzip\r\n").error ==
          ParseError::bad_transfer_encoding);
    CHECK(response("200", "Transfer-Encoding: gzip, chunked\r\n").error ==
          ParseError::unknown_transfer_coding);
    CHECK(response("200", chunked, "GET", "1.0").error ==
          ParseError::transfer_encoding_in_http_1_0);
  }

  TEST_CASE("the connection can be used again when the end is known and nobody closes") {
    CHECK(response("200", five).keep_alive);
    CHECK(response("200", "Connection: close\r\nContent-Length: 5\r\n").keep_alive == false);
    CHECK(!response("200", "").keep_alive);
    CHECK(!response("200", five, "GET", "1.0").keep_alive);
    CHECK(response("200", "Connection: keep-alive\r\nContent-Length: 5\r\n", "GET", "1.0")
              .keep_alive);
  }

  TEST_CASE("another protocol begins behind 101 with Upgrade in Connection") {
    const char* fields = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n";
    CHECK(response("101", fields).upgrade);
    CHECK(!response("200", fields).upgrade);
    CHECK(!response("101", "Upgrade: websocket\r\n").upgrade);
    CHECK(!response("101", "Connection: Upgrade\r\n").upgrade);
  }

  TEST_CASE("one parser serves one response after the other and says so again for each") {
    const std::string first =
        "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n";
    const std::string second = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    const std::string third = "HTTP/1.0 304 \r\n\r\n";
    ResponseHeadParser parser;
    for (const std::string& text : {first, second, third, second, first, third}) {
      parser.reset("GET");
      REQUIRE(parser.feed(text) == ParseStatus::done);
      CHECK(cuts::copy(parser.head()) == parse_response(text));
    }
    parser.reset("GET");
    CHECK(parser.feed("x\r\n") == ParseStatus::failed);
    parser.reset("HEAD");
    REQUIRE(parser.feed(second) == ParseStatus::done);
    CHECK(cuts::copy(parser.head()) == parse_response(second, "HEAD"));
  }

  TEST_CASE("an interim response is followed by another head") {
    const std::string_view text =
        "HTTP/1.1 100 CONTINUE\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    ResponseHeadParser parser;
    parser.reset("POST");
    REQUIRE(parser.feed(text) == ParseStatus::done);
    CHECK(parser.head().code == 100);
    const std::size_t first = parser.head().size;
    parser.reset("POST");
    REQUIRE(parser.feed(text.substr(first)) == ParseStatus::done);
    CHECK(parser.head().code == 200);
    CHECK(first + parser.head().size == text.size());
  }
}
