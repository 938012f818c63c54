#include <funnel/httpserver.h>

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "raw_client.h"

using namespace funnel;
using namespace raw;

namespace {

using Handler = std::function<void(HTTPConnection&)>;

/// Runs a test's function as the handler: at once for `/`, after a turn for `/slow`.
class App {
 public:
  explicit App(Handler handler) : handler_(std::move(handler)) {}

  Task<> operator()(HTTPServerRequest& request, HTTPConnection& connection) const {
    if (request.path() == "/slow") return later(handler_, connection);
    handler_(connection);
    return {};
  }

 private:
  static Task<> later(const Handler& handler, HTTPConnection& connection) {
    co_await gen::sleep(0s);
    handler(connection);
  }

  Handler handler_;
};

std::string request(std::string_view method, std::string_view path, int minor = 1,
                    std::string_view lines = "") {
  return std::string(method) + " " + std::string(path) + " HTTP/1." + std::to_string(minor) +
         "\r\nHost: h\r\n" + std::string(lines) + "\r\n";
}

/// Asks both ways and checks that they are answered alike.
Outcome ask_both(Fixture& fixture, std::string_view method, int minor = 1,
                 std::string_view lines = "") {
  const Outcome at_once = ask(fixture, request(method, "/", minor, lines));
  const Outcome later = ask(fixture, request(method, "/slow", minor, lines));
  CHECK(at_once == later);
  return at_once;
}

constexpr std::string_view keep = "Connection: keep-alive\r\n";

void write_pieces(HTTPConnection& connection, std::optional<std::uint64_t> length) {
  connection.write_headers(200, "OK", "X: 1\r\n", length);
  (void)connection.write("asdf");
  (void)connection.write("");
  (void)connection.write("qwer");
  connection.finish();
}

}  // namespace

TEST_SUITE("http.httpserver.answer") {
  TEST_CASE("a whole answer has its length") {
    Fixture fixture(App([](HTTPConnection& c) { c.respond(200, "OK", "X: 1\r\n", "hello"); }));
    CHECK(ask_both(fixture, "GET").bytes ==
          "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(ask_both(fixture, "HEAD").bytes ==
          "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 5\r\n\r\n");
    CHECK(ask_both(fixture, "GET", 0, keep).bytes ==
          "HTTP/1.1 200 OK\r\nX: 1\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello");
    CHECK(ask_both(fixture, "GET", 1, "Connection: close\r\n").bytes ==
          "HTTP/1.1 200 OK\r\nX: 1\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
  }

  TEST_CASE("a large body is sent whole") {
    const std::string body(300'000, 'x');
    Fixture fixture(App([&](HTTPConnection& c) { c.respond(200, "OK", "", body); }));
    for (const char* path : {"/", "/slow"}) {
      Client client = fixture.connect();
      client.send(request("GET", path) + request("HEAD", path) + request("GET", path));
      const std::vector<Answer> answers = client.answers({"GET", "HEAD", "GET"});
      REQUIRE(answers.size() == 3);
      CHECK(answers[0].body == body);
      CHECK(answers[1].has("Content-Length: 300000"));
      CHECK(answers[2].body == body);
    }
  }

  TEST_CASE("statuses without a body have neither body nor length") {
    for (const int code : {204, 304}) {
      Fixture fixture(App([code](HTTPConnection& c) { c.respond(code, "None", "", "hello"); }));
      const Outcome outcome = ask_both(fixture, "GET");
      CHECK(outcome.bytes == "HTTP/1.1 " + std::to_string(code) + " None\r\n\r\n");
      CHECK(!outcome.ended);
    }
    Fixture fixture(App([](HTTPConnection& c) { c.respond(205, "Reset", "", ""); }));
    CHECK(ask_both(fixture, "GET").bytes == "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n");
  }

  TEST_CASE("a body in pieces is chunked") {
    Fixture fixture(App([](HTTPConnection& c) { write_pieces(c, std::nullopt); }));
    CHECK(ask_both(fixture, "GET").bytes ==
          "HTTP/1.1 200 OK\r\nX: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
          "4\r\nasdf\r\n4\r\nqwer\r\n0\r\n\r\n");
  }

  TEST_CASE("a body in pieces has the length that was given") {
    Fixture fixture(App([](HTTPConnection& c) { write_pieces(c, 8); }));
    CHECK(ask_both(fixture, "GET").bytes ==
          "HTTP/1.1 200 OK\r\nX: 1\r\nContent-Length: 8\r\n\r\nasdfqwer");
    CHECK(ask_both(fixture, "GET", 0, keep).bytes ==
          "HTTP/1.1 200 OK\r\nX: 1\r\nConnection: keep-alive\r\nContent-Length: 8\r\n\r\nasdfqwer");
  }

  TEST_CASE("an old client gets a body of unknown length up to the end of the connection") {
    Fixture fixture(App([](HTTPConnection& c) { write_pieces(c, std::nullopt); }));
    const Outcome outcome = ask_both(fixture, "GET", 0, keep);
    CHECK(outcome.bytes == "HTTP/1.1 200 OK\r\nX: 1\r\nConnection: close\r\n\r\nasdfqwer");
    CHECK(outcome.ended);
  }

  TEST_CASE("HEAD is answered without a body, and the connection goes on") {
    for (const std::optional<std::uint64_t> length : {std::optional<std::uint64_t>{}, {8}}) {
      Fixture fixture(App([length](HTTPConnection& c) { write_pieces(c, length); }));
      for (const char* path : {"/", "/slow"}) {
        Client client = fixture.connect();
        client.send(request("HEAD", path) + request("GET", path));
        const std::vector<Answer> answers = client.answers({"HEAD", "GET"});
        REQUIRE(answers.size() == 2);
        CHECK(answers[0].fields == answers[1].fields);
        CHECK(answers[0].has(length ? "Content-Length: 8" : "Transfer-Encoding: chunked"));
        CHECK(answers[1].body == "asdfqwer");
      }
    }
  }

  TEST_CASE("an old client keeps its connection where no body follows") {
    Fixture fixture(App([](HTTPConnection& c) { write_pieces(c, std::nullopt); }));
    const Outcome outcome = ask_both(fixture, "HEAD", 0, keep);
    CHECK(outcome.bytes == "HTTP/1.1 200 OK\r\nX: 1\r\nConnection: keep-alive\r\n\r\n");
    CHECK(!outcome.ended);
  }

  TEST_CASE("204 in pieces has no length and no body either") {
    for (const std::optional<std::uint64_t> length : {std::optional<std::uint64_t>{}, {0}}) {
      Fixture fixture(App([length](HTTPConnection& c) {
        c.write_headers(204, "No Content", "", length);
        c.finish();
      }));
      CHECK(ask_both(fixture, "GET").bytes == "HTTP/1.1 204 No Content\r\n\r\n");
    }
    // 304 may tell the length that the body would have.
    Fixture fixture(App([](HTTPConnection& c) {
      c.write_headers(304, "Not Modified", "", 7);
      c.finish();
    }));
    CHECK(ask_both(fixture, "GET").bytes ==
          "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n");
  }

  TEST_CASE("304 in pieces of unknown length tells no coding") {
    Fixture fixture(App([](HTTPConnection& c) {
      c.write_headers(304, "Not Modified", "", std::nullopt);
      c.finish();
    }));
    CHECK(ask_both(fixture, "GET").bytes == "HTTP/1.1 304 Not Modified\r\n\r\n");
  }

  TEST_CASE("pieces leave when they are written") {
    Fixture fixture([](HTTPServerRequest&, HTTPConnection& connection) -> Task<> {
      return [](HTTPConnection& c) -> Task<> {
        c.write_headers(200, "OK", "", std::nullopt);
        (void)c.write("first");
        co_await gen::sleep(5s);
        (void)c.write("second");
        co_await gen::sleep(5s);
        c.finish();
      }(connection);
    });
    Client client = fixture.connect();
    client.send(request("GET", "/"));
    CHECK(client.answer().body == "first");
    CHECK(!client.answer().complete);
    fixture.pass(5s);
    CHECK(client.answer().body == "firstsecond");
    fixture.pass(5s);
    CHECK(client.answer().complete);
  }

  TEST_CASE("an answer leaves when it is complete, although its handler goes on") {
    Fixture fixture([](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
      return [](HTTPServerRequest& r, HTTPConnection& c) -> Task<> {
        co_await gen::sleep(0s);
        if (r.path() == "/whole") {
          echo(r, c);
        } else {
          write_pieces(c, std::nullopt);
        }
        co_await gen::sleep(10s);
      }(request, connection);
    });
    for (const char* path : {"/whole", "/pieces"}) {
      Client client = fixture.connect();
      client.send(request("GET", path) + request("GET", path));
      CHECK(client.answer().complete);  // and the second request waits for the first handler
      fixture.pass(10s);
      CHECK(client.answers().size() == 2);
    }
  }

  TEST_CASE("a handler that awaits its writes keeps step with its client") {
    std::size_t written = 0;
    Fixture fixture([&](HTTPServerRequest&, HTTPConnection& connection) -> Task<> {
      return [](HTTPConnection& c, std::size_t& count) -> Task<> {
        c.write_headers(200, "OK", "", std::nullopt);
        const std::string piece(16 * 1024, 'x');
        for (int i = 0; i < 100; ++i) {
          co_await c.write(piece);
          ++count;
        }
        c.finish();
      }(connection, written);
    });
    IOStream stream = fixture.connect_stream();
    (void)stream.write(request("GET", "/"));
    fixture.run();
    CHECK(written >= 6);
    CHECK(written <= 9);  // 64 KiB under way, 64 KiB queued
    const auto read_all = [](IOStream& s) -> Task<std::string> {
      std::string all = co_await s.read_until("\r\n0\r\n\r\n", std::size_t{1} << 24);
      co_return all;
    };
    const std::string all = fixture.loop.run_sync(read_all(stream));
    CHECK(parse_answers(all, false)[0].body.size() == 100 * 16 * 1024);
  }
}

TEST_SUITE("http.httpserver.mistakes") {
  TEST_CASE("an exception before the answer becomes a 500, and the connection ends") {
    Fixture fixture(App([](HTTPConnection&) { throw std::runtime_error("what went wrong"); }));
    const Outcome outcome = ask_both(fixture, "GET");
    CHECK(answers_of(outcome)[0].code == 500);
    CHECK(answers_of(outcome)[0].body == "Internal Server Error\n");
    CHECK(outcome.ended);
    CHECK(outcome.bytes.find("what went wrong") == std::string::npos);
    CHECK(fixture.log.contains("Uncaught exception GET /slow (192.0.2.1): what went wrong"));
    CHECK(answers_of(ask_both(fixture, "HEAD"), {"HEAD"})[0].complete);
  }

  TEST_CASE("an exception that is no std::exception becomes a 500 too") {
    Fixture fixture(App([](HTTPConnection&) { throw 42; }));
    CHECK(answers_of(ask_both(fixture, "GET"))[0].code == 500);
    CHECK(fixture.log.contains("Uncaught exception GET / (192.0.2.1)"));
  }

  TEST_CASE("a handler that answers nothing is answered for, with 500") {
    Fixture fixture(App([](HTTPConnection&) {}));
    const Outcome outcome = ask_both(fixture, "GET");
    CHECK(answers_of(outcome)[0].code == 500);
    CHECK(outcome.ended);
    CHECK(fixture.log.contains("GET /slow: the handler ended without an answer"));
  }

  TEST_CASE("an exception in the middle of an answer cuts it off, so that the client sees it") {
    for (const std::optional<std::uint64_t> length : {std::optional<std::uint64_t>{}, {100}}) {
      Fixture fixture(App([length](HTTPConnection& c) {
        c.write_headers(200, "OK", "", length);
        (void)c.write("part");
        throw std::runtime_error("oops");
      }));
      const Outcome outcome = ask_both(fixture, "GET");
      const std::vector<Answer> answers = answers_of(outcome);
      REQUIRE(answers.size() == 1);
      CHECK(answers[0].body == "part");
      CHECK(!answers[0].complete);
      CHECK(outcome.ended);
      CHECK(outcome.bytes.find("\r\n0\r\n") == std::string::npos);
      CHECK(fixture.log.contains("oops"));
      CHECK(!fixture.log.contains("ended without an answer"));
    }
  }

  TEST_CASE("an answer that is begun and not finished is cut off") {
    Fixture fixture(App([](HTTPConnection& c) {
      c.write_headers(200, "OK", "", std::nullopt);
      (void)c.write("part");
    }));
    const Outcome outcome = ask_both(fixture, "GET");
    CHECK(!answers_of(outcome)[0].complete);
    CHECK(outcome.ended);
    CHECK(fixture.log.contains("the handler ended without an answer"));
  }

  TEST_CASE("the answers before one that is cut off arrive") {
    int count = 0;
    Fixture fixture(App([&count](HTTPConnection& c) {
      if (++count < 3) {
        c.respond(200, "OK", "", "whole");
      } else {
        c.write_headers(200, "OK", "", std::nullopt);
        throw std::runtime_error("oops");
      }
    }));
    Client client = fixture.connect();
    client.send(request("GET", "/") + request("GET", "/") + request("GET", "/"));
    const std::vector<Answer> answers = client.answers();
    CHECK(answers.size() == 2);
    CHECK(client.ended());
  }

  TEST_CASE("an exception behind the answer is logged and changes nothing") {
    Fixture fixture(App([](HTTPConnection& c) {
      c.respond(200, "OK", "", "hello");
      throw std::runtime_error("too late");
    }));
    const Outcome outcome = ask_both(fixture, "GET");
    CHECK(answers_of(outcome)[0].body == "hello");
    CHECK(!outcome.ended);
    CHECK(fixture.log.contains("too late"));
  }

  TEST_CASE("more than Content-Length is an error that is logged and cuts the answer off") {
    Fixture fixture(App([](HTTPConnection& c) {
      c.write_headers(200, "OK", "", 2);
      (void)c.write("hello");
    }));
    const Outcome outcome = ask_both(fixture, "GET");
    CHECK(outcome.bytes.find("hello") == std::string::npos);
    CHECK(outcome.ended);
    CHECK(fixture.log.contains("tried to write more data than Content-Length"));
  }

  TEST_CASE("less than Content-Length is an error that is logged and cuts the answer off") {
    Fixture fixture(App([](HTTPConnection& c) {
      c.write_headers(200, "OK", "", 42);
      (void)c.write("he");
      c.finish();
    }));
    const Outcome outcome = ask_both(fixture, "GET");
    CHECK(!answers_of(outcome)[0].complete);
    CHECK(outcome.ended);
    CHECK(fixture.log.contains("tried to write 40 bytes less than Content-Length"));
  }

  TEST_CASE("calls in the wrong order throw std::logic_error") {
    std::vector<std::function<void(HTTPConnection&)>> wrong = {
        [](HTTPConnection& c) { (void)c.write("x"); },
        [](HTTPConnection& c) { c.finish(); },
    };
    for (const auto& call : wrong) {
      Fixture fixture(App([&call](HTTPConnection& c) {
        CHECK_THROWS_AS(call(c), std::logic_error);
        CHECK(!c.headers_written());
        c.respond(200, "OK", "", "hello");
        CHECK(c.headers_written());
        CHECK(c.finished());
        CHECK_THROWS_AS(call(c), std::logic_error);
        CHECK_THROWS_AS(c.respond(200, "OK", "", "again"), std::logic_error);
        CHECK_THROWS_AS(c.write_headers(200, "OK", "", 1), std::logic_error);
      }));
      CHECK(answers_of(ask_both(fixture, "GET"))[0].body == "hello");
    }
  }

  TEST_CASE("a handler can cut its answer off itself") {
    Fixture fixture(App([](HTTPConnection& c) {
      c.write_headers(200, "OK", "", std::nullopt);
      (void)c.write("part");
      c.abort();
      CHECK(c.closed());
      (void)c.write("nothing");
    }));
    const Outcome outcome = ask_both(fixture, "GET");
    CHECK(answers_of(outcome)[0].body == "part");
    CHECK(outcome.ended);
    CHECK(fixture.log.empty());
  }
}
