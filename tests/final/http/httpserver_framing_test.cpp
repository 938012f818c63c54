#include <funnel/httpserver.h>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "raw_client.h"

using namespace funnel;
using namespace raw;

namespace {

struct Row {
  const char* name;
  std::string request;
  int code;
};

std::string with(std::string_view line) {
  return "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(line) + "\r\n\r\n";
}

std::string post(std::string_view lines, std::string_view body) {
  return "POST /echo HTTP/1.1\r\nHost: h\r\n" + std::string(lines) + "\r\n\r\n" + std::string(body);
}

std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked", body); }

// What Tornado's own tests and a comparison of servers asked for, with the answers that
// RFC 9110 and 9112 want; where they leave a choice, the stricter one.
const std::vector<Row> refused = {
    {"no request line", "asdf\r\n\r\n", 400},
    {"garbage", "\x01\x02\x03\x04\r\n\r\n", 400},
    {"the first bytes of a TLS handshake", std::string("\x16\x03\x01\x02\x00\x01\x00", 7), 400},
    {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"HTTP/0.9", "GET /\r\n\r\n", 400},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
    {"HTTP/9.9", "GET / HTTP/9.9\r\nHost: h\r\n\r\n", 505},
    {"a version with two digits", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
    {"a version in lower case", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
    {"two blanks before the target", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a blank behind the version", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
    {"a blank in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a fragment in the target", "GET /#x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a target outside ASCII", "GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"a method that is no token", "FOO,BAR / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"CONNECT", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
    {"too many empty lines", "\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"bare line feeds", "GET / HTTP/1.1\nHost: h\n\n", 400},
    {"no colon", "GET / HTTP/1.0\r\nasdf\r\n\r\n", 400},
    {"a blank before the colon", with("X : 1"), 400},
    {"a folded line", with("X: 1\r\n 2"), 400},
    {"a folded first line", "GET / HTTP/1.1\r\n X: 1\r\nHost: h\r\n\r\n", 400},
    {"a bad name", with("X[]: 1"), 400},
    {"an empty name", with(": 1"), 400},
    {"a NUL in a value", with(std::string_view("X: a\0b", 6)), 400},
    {"a bare carriage return in a value", with("X: a\rb"), 400},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", with("Host: h"), 400},
    {"a Host with a blank", "GET / HTTP/1.1\r\nHost: foo bar\r\n\r\n", 400},
    {"a negative length", post("Content-Length: -5", "hello"), 400},
    {"a length with a sign", post("Content-Length: +5", "hello"), 400},
    {"a length with a letter", post("Content-Length: 5x", "hello"), 400},
    {"a length with an underscore", post("Content-Length: 1_0", "hellohello"), 400},
    {"a length in words", post("Content-Length: foo", "hello"), 400},
    {"an empty length", post("Content-Length:", "hello"), 400},
    {"a length of 21 digits", post("Content-Length: 100000000000000000000", "hello"), 400},
    {"a list of lengths", post("Content-Length: 5, 5", "hello"), 400},
    {"two equal lengths", post("Content-Length: 5\r\nContent-Length: 5", "hello"), 400},
    {"two different lengths", post("Content-Length: 5\r\nContent-Length: 6", "hello!"), 400},
    {"a length above the limit", post("Content-Length: 10485761", ""), 413},
    {"length and coding", post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
     400},
    {"coding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"),
     400},
    {"the coding twice",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400},
    {"the coding twice in a list", post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"), 400},
    {"chunked that is not the last coding", post("Transfer-Encoding: chunked, gzip", ""), 400},
    {"gzip and chunked", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 501},
    {"identity", post("Transfer-Encoding: identity", "hello"), 400},
    {"an empty coding", post("Transfer-Encoding:", "hello"), 400},
    {"a vertical tab before chunked",
     post("Transfer-Encoding: \x0b"
          "chunked",
          "0\r\n\r\n"),
     400},
    {"chunked in HTTP/1.0",
     "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"an unknown expectation", post("Content-Length: 5\r\nExpect: foo", "hello"), 417},
    {"a chunk size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400},
    {"a chunk size with an underscore", chunked("1_a\r\n"), 400},
    {"a chunk size with a sign", chunked("+5\r\nhello\r\n0\r\n\r\n"), 400},
    {"an empty chunk size", chunked("\r\n"), 400},
    {"a chunk size of 17 digits", chunked("fffffffffffffffff\r\n"), 400},
    {"a chunk size line with a bare line feed", chunked("5\nhello\r\n0\r\n\r\n"), 400},
    {"a chunk extension with a bare line feed", chunked("5;a=b\nhello\r\n0\r\n\r\n"), 400},
    {"a chunk that does not end where it should", chunked("5\r\nhello!\r\n0\r\n\r\n"), 400},
    {"a chunk with a bare line feed behind it", chunked("5\r\nhello\n0\r\n\r\n"), 400},
    {"a bad trailer", chunked("0\r\nX : 1\r\n\r\n"), 400},
    {"chunks above the limit", chunked("a00001\r\n"), 413},
};

const std::vector<Row> accepted = {
    {"HTTP/1.0 without Host", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200},
    {"an empty Host", "GET /a HTTP/1.1\r\nHost:\r\n\r\n", 200},
    {"HTTP/1.2", "GET /a HTTP/1.2\r\nHost: h\r\n\r\n", 200},
    {"one empty line in front", "\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"two empty lines in front", "\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"an unknown method", "FOO /a HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"a method in lower case", "get /a HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"an absolute target", "GET http://h/a HTTP/1.1\r\nHost: x\r\n\r\n", 200},
    {"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"a long form of the length", post("Content-Length: 0000000005", "hello"), 200},
    {"an upper-case chunk size", chunked("A\r\nhellohello\r\n0\r\n\r\n"), 200},
    {"a coding in other case", post("Transfer-Encoding: Chunked", "5\r\nhello\r\n0\r\n\r\n"), 200},
    {"a chunk extension", chunked("5;x=y\r\nhello\r\n0\r\n\r\n"), 200},
    {"trailers", chunked("5\r\nhello\r\n0\r\nX: 1\r\nY: 2\r\n\r\n"), 200},
    {"a chunked body that is empty", chunked("0\r\n\r\n"), 200},
};

}  // namespace

TEST_SUITE("http.httpserver.framing") {
  TEST_CASE("what cannot be parsed gets its status and ends the connection, wherever it is cut") {
    Fixture fixture(echo_app);
    for (const Row& row : refused) {
      CAPTURE(row.name);
      const Outcome outcome = ask(fixture, row.request);
      const std::vector<Answer> answers = answers_of(outcome);
      CHECK(outcome.ended);
      REQUIRE(answers.size() == 1);
      CHECK(answers[0].code == row.code);
      CHECK(answers[0].complete);
      CHECK(answers[0].has("Connection: close"));
      CHECK(answers[0].has("Content-Type: text/plain; charset=UTF-8"));
      CHECK(answers[0].body.size() > 10);
    }
  }

  TEST_CASE("what may be sent is answered and the connection stays open, wherever it is cut") {
    Fixture fixture(echo_app);
    for (const Row& row : accepted) {
      CAPTURE(row.name);
      const Outcome outcome = ask(fixture, row.request);
      const std::vector<Answer> answers = answers_of(outcome);
      CHECK(!outcome.ended);
      REQUIRE(answers.size() == 1);
      CHECK(answers[0].code == row.code);
    }
  }

  TEST_CASE("nothing behind a request that was refused is taken for another one") {
    Fixture fixture(echo_app);
    const std::string request = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::string hidden = request + request;
    for (const Row& row : refused) {
      CAPTURE(row.name);
      Client client = fixture.connect();
      client.send(std::string(row.request).append(hidden));
      CHECK(client.answers().size() == 1);
      CHECK(client.received().find("hidden") == std::string::npos);
      client.send(hidden);
      CHECK(client.received().find("hidden") == std::string::npos);
      CHECK(client.ended());
    }
  }

  TEST_CASE("the answers before a request that is refused are not lost") {
    Fixture fixture(echo_app);
    const Outcome outcome = ask(fixture,
                                "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                                "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"
                                "GET / HTTP/3.0\r\nHost: h\r\n\r\n");
    const std::vector<Answer> answers = answers_of(outcome);
    REQUIRE(answers.size() == 3);
    CHECK(answers[0].body == "GET /a");
    CHECK(answers[1].body == "GET /slow");
    CHECK(answers[2].code == 505);
    CHECK(outcome.ended);
  }

  TEST_CASE("a refusal is a whole answer with a date and says why, and one log line tells it") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    client.send("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    CHECK(client.received().find("\r\nDate: ") != std::string::npos);
    CHECK(without_date(client.received()) ==
          "HTTP/1.1 400 Bad Request\r\n"
          "Content-Type: text/plain; charset=UTF-8\r\n"
          "Connection: close\r\n"
          "Content-Length: 30\r\n"
          "\r\n"
          "The Host header is malformed.\n");
    REQUIRE(fixture.log.size() == 1);
    CHECK(fixture.log.records()[0].message ==
          "Malformed HTTP message from 192.0.2.1: The Host header is malformed.");
    CHECK(fixture.log.records()[0].level == log::Level::info);
  }

  TEST_CASE("a refusal has its body even if the request before was a HEAD") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nbad\r\n\r\n");
    const std::vector<Answer> answers = client.answers({"HEAD", "GET"});
    REQUIRE(answers.size() == 2);
    CHECK(answers[1].code == 400);
    CHECK(answers[1].complete);
  }

  TEST_CASE("a HEAD that is refused gets no body, whatever was wrong with it") {
    Fixture fixture(echo_app);
    for (const char* line : {"Content-Length: 99999999", "Transfer-Encoding: gzip", "X : 1"}) {
      const std::string request = std::string("HEAD / HTTP/1.1\r\nHost: h\r\n") + line;
      const Outcome outcome = ask(fixture, request + "\r\n\r\n");
      CHECK(outcome.ended);
      CHECK(answers_of(outcome, {"HEAD"}).size() == 1);
      CHECK(outcome.bytes.ends_with("\r\n\r\n"));
    }
  }
}
