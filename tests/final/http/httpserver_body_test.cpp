#include <funnel/httpserver.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "raw_client.h"

using namespace funnel;
using namespace raw;

namespace {

const std::string post = "POST /p HTTP/1.1\r\nHost: h\r\n";

std::string chunks_of(std::string_view body, std::size_t size) {
  std::string text;
  for (std::size_t at = 0; at < body.size(); at += size) {
    http::append_chunk(text, body.substr(at, size));
  }
  http::append_last_chunk(text);
  return text;
}

/// Answers with the length and the sum of the bytes.
Task<> count_app(HTTPServerRequest& request, HTTPConnection& connection) {
  std::size_t sum = 0;
  for (const char byte : request.body()) sum += static_cast<unsigned char>(byte);
  connection.respond(200, "OK", "",
                     std::to_string(request.body().size()) + " " + std::to_string(sum));
  return {};
}

}  // namespace

TEST_SUITE("http.httpserver.body") {
  TEST_CASE("a body arrives whole, by length and in chunks, wherever it is cut") {
    Fixture fixture(echo_app);
    for (const std::string& request :
         {post + "Content-Length: 5\r\n\r\nhello",
          post + "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
          post + "Transfer-Encoding: chunked\r\n\r\n1;a=\"b\"\r\nh\r\n4\r\nello\r\n000\r\nX: "
                 "y\r\n\r\n"}) {
      const Outcome outcome = ask(fixture, request);
      CHECK(answers_of(outcome).size() == 1);
      CHECK(answers_of(outcome)[0].body == "POST /p hello");
      CHECK(!outcome.ended);
    }
  }

  TEST_CASE("what a body looks like is never taken for a request") {
    Fixture fixture(echo_app);
    const std::string inner = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
    const std::string request =
        post + "Content-Length: " + std::to_string(inner.size()) + "\r\n\r\n" + inner;
    const std::vector<Answer> answers = answers_of(ask(fixture, request + inner));
    REQUIRE(answers.size() == 2);
    CHECK(answers[0].body == "POST /p " + inner);
    CHECK(answers[1].body == "GET /x");
  }

  TEST_CASE("a GET may have a body too") {
    Fixture fixture(echo_app);
    const Outcome outcome =
        ask(fixture, "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    CHECK(answers_of(outcome)[0].body == "GET / abc");
  }

  TEST_CASE("an empty body is no body") {
    Fixture fixture(echo_app);
    for (const char* framing :
         {"Content-Length: 0\r\n\r\n", "\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
      CHECK(answers_of(ask(fixture, post + framing))[0].body == "POST /p");
    }
  }

  TEST_CASE("trailers are given apart from the headers") {
    std::string seen;
    Fixture fixture([&](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
      seen = request.trailers().to_string();
      CHECK(!request.header("X-Sum"));
      CHECK(!request.headers().contains("X-Sum"));
      echo(request, connection);
      return {};
    });
    ask(fixture, post + "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n");
    CHECK(seen == "X-Sum: 1\r\nX-B: 2\r\n");
    ask(fixture, post + "\r\n");
    CHECK(seen.empty());
  }

  TEST_CASE("a large body arrives in any pieces") {
    Fixture fixture(count_app);
    std::string body(3'000'000, '\0');
    std::size_t sum = 0;
    for (std::size_t i = 0; i < body.size(); ++i) {
      body[i] = static_cast<char>(i * i % 127);
      sum += static_cast<unsigned char>(body[i]);
    }
    const std::string expected = std::to_string(body.size()) + " " + std::to_string(sum);
    Client client = fixture.connect();
    client.send(post + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    CHECK(client.answer().body == expected);
    client.take();
    for (const std::size_t size : {std::size_t{977}, std::size_t{65536}, std::size_t{1'000'000}}) {
      client.send(post + "Transfer-Encoding: chunked\r\n\r\n" + chunks_of(body, size));
      CHECK(client.answer().body == expected);
      client.take();
    }
  }

  TEST_CASE("the interim answer comes when the client waits for it, and only once") {
    Fixture fixture(echo_app);
    for (const char* expect : {"100-continue", "100-Continue"}) {
      Client client = fixture.connect();
      client.send(post + "Content-Length: 5\r\nExpect: " + expect + "\r\n\r\n");
      CHECK(client.take() == "HTTP/1.1 100 Continue\r\n\r\n");
      client.send_bytewise("hello");
      CHECK(client.answer().body == "POST /p hello");
    }
    Client chunked = fixture.connect();
    chunked.send(post + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    CHECK(chunked.take() == "HTTP/1.1 100 Continue\r\n\r\n");
    chunked.send("1\r\n");
    chunked.send("h\r\n0\r\n\r\n");
    CHECK(chunked.answer().body == "POST /p h");
  }

  TEST_CASE("no interim answer is sent to a client that does not need one") {
    Fixture fixture(echo_app);
    // The body came at once; there is none; HTTP/1.0 knows no interim answers.
    for (const char* rest : {"Host: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
                             "Host: h\r\nExpect: 100-continue\r\n\r\n",
                             "Host: h\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n"}) {
      Client client = fixture.connect();
      client.send(std::string("POST /p HTTP/1.1\r\n") + rest);
      CHECK(client.answer().code == 200);
    }
    Client old = fixture.connect();
    old.send("POST /p HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK(old.received().empty());
    old.send("hello");
    CHECK(old.answer().code == 200);
  }

  TEST_CASE("a body that is refused is not asked for") {
    HTTPServerOptions options;
    options.max_body_size = 4;
    Fixture fixture(echo_app, options);
    Client client = fixture.connect();
    client.send(post + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.answer().code == 413);
    CHECK(client.ended());
  }

  TEST_CASE("the limit holds for any framing, and a body of just that size is taken") {
    HTTPServerOptions options;
    options.max_body_size = 16;
    Fixture fixture(echo_app, options);
    const std::string fits(16, 'x');
    const std::string too_long(17, 'x');
    for (const std::size_t chunk : {std::size_t{1}, std::size_t{5}, std::size_t{17}}) {
      CHECK(answers_of(ask(fixture,
                           post + "Transfer-Encoding: chunked\r\n\r\n" + chunks_of(fits, chunk)))[0]
                .body == "POST /p " + fits);
      const Outcome refused =
          ask(fixture, post + "Transfer-Encoding: chunked\r\n\r\n" + chunks_of(too_long, chunk));
      CHECK(answers_of(refused)[0].code == 413);
      CHECK(refused.ended);
    }
    CHECK(answers_of(ask(fixture, post + "Content-Length: 16\r\n\r\n" + fits))[0].code == 200);
    CHECK(answers_of(ask(fixture, post + "Content-Length: 17\r\n\r\n" + too_long))[0].code == 413);
  }
}
