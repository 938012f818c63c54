#include <funnel/httpserver.h>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "raw_client.h"

using namespace funnel;
using namespace raw;

namespace {

std::string request_with(std::string_view path, std::string_view version,
                         std::string_view connection) {
  std::string text =
      "GET " + std::string(path) + " HTTP/" + std::string(version) + "\r\nHost: h\r\n";
  if (!connection.empty()) text += "Connection: " + std::string(connection) + "\r\n";
  return text + "\r\n";
}

struct ConnectionRow {
  const char* version;
  const char* connection;
  bool kept;
  const char* answered;  // the Connection field of the answer
};

const std::vector<ConnectionRow> connection_rows = {
    {"1.1", "", true, ""},
    {"1.1", "close", false, "close"},
    {"1.1", "Close", false, "close"},
    {"1.1", "keep-alive", true, ""},
    {"1.1", "keep-alive, close", false, "close"},
    {"1.1", "close, keep-alive", false, "close"},
    {"1.1", "closed", true, ""},
    {"1.2", "", true, ""},
    {"1.0", "", false, "close"},
    {"1.0", "close", false, "close"},
    {"1.0", "keep-alive", true, "keep-alive"},
    {"1.0", "Keep-Alive", true, "keep-alive"},
    {"1.0", "keep-alive, close", false, "close"},
};

std::string connection_field(const Answer& answer) {
  for (const char* value : {"close", "keep-alive"}) {
    if (answer.has(std::string("Connection: ") + value)) return value;
  }
  return "";
}

}  // namespace

TEST_SUITE("http.httpserver.keepalive") {
  TEST_CASE("the connection is kept or ended as version and Connection say, wherever it is cut") {
    Fixture fixture(echo_app);
    for (const char* path : {"/", "/slow"}) {
      for (const ConnectionRow& row : connection_rows) {
        CAPTURE(row.version);
        CAPTURE(row.connection);
        const Outcome outcome = ask(fixture, request_with(path, row.version, row.connection));
        const std::vector<Answer> answers = answers_of(outcome);
        REQUIRE(answers.size() == 1);
        CHECK(answers[0].body == "GET " + std::string(path));
        CHECK(connection_field(answers[0]) == row.answered);
        CHECK(outcome.ended == !row.kept);
      }
    }
    CHECK(fixture.log.empty());
  }

  TEST_CASE("without keep-alive each connection serves one request") {
    HTTPServerOptions options;
    options.no_keep_alive = true;
    Fixture fixture(echo_app, options);
    const Outcome outcome = ask(fixture, get("/a") + get("/b"));
    const std::vector<Answer> answers = answers_of(outcome);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].has("Connection: close"));
    CHECK(outcome.ended);
  }

  TEST_CASE("one connection serves many requests, one after the other") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    for (int i = 0; i < 500; ++i) {
      const std::string path = (i % 2 == 0 ? "/" : "/slow") + std::to_string(i);
      client.send(get(path));
      CHECK(client.answer().body == "GET " + path);
      client.take();
    }
    CHECK(fixture.server->connections() == 1);
  }

  TEST_CASE("each request has headers of its own") {
    std::vector<std::string> seen;
    Fixture fixture([&seen](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
      seen.push_back(request.headers().to_string());
      return echo_app(request, connection);
    });
    Client client = fixture.connect();
    client.send(
        "GET / HTTP/1.1\r\nHost: h\r\nX: 1\r\n\r\nGET /slow HTTP/1.1\r\nHost: h\r\nY: 2\r\n\r\n");
    CHECK(seen == std::vector<std::string>{"Host: h\r\nX: 1\r\n", "Host: h\r\nY: 2\r\n"});
  }

  TEST_CASE("an empty line behind a body is skipped before the next request") {
    Fixture fixture(echo_app);
    const Outcome outcome = ask(fixture,
                                "POST / HTTP/1.0\r\nConnection: keep-alive\r\n"
                                "Content-Length: 3\r\n\r\nabc\r\n" +
                                    get("/b"));
    const std::vector<Answer> answers = answers_of(outcome);
    REQUIRE(answers.size() == 2);
    CHECK(answers[1].body == "GET /b");
    CHECK(!outcome.ended);
  }

  TEST_CASE("what follows the last request of a connection is not answered") {
    Fixture fixture(echo_app);
    const Outcome outcome = ask(fixture, request_with("/a", "1.1", "close") + get("/b"));
    CHECK(answers_of(outcome).size() == 1);
    CHECK(outcome.ended);
  }
}

namespace {

/// Every third answers at once, every third after a turn, every third in pieces with turns
/// between.
Task<> mixed(HTTPServerRequest& request, HTTPConnection& connection) {
  co_await gen::sleep(0s);
  connection.write_headers(200, "OK", "", std::nullopt);
  for (const char byte : std::string(request.uri())) {
    (void)connection.write({&byte, 1});
    co_await gen::sleep(0s);
  }
  connection.finish();
}

Task<> mixed_app(HTTPServerRequest& request, HTTPConnection& connection) {
  if (request.path().starts_with("/pieces")) return mixed(request, connection);
  return echo_app(request, connection);
}

class Batch {
 public:
  explicit Batch(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string path = (i % 3 == 0   ? "/at_once"
                                : i % 3 == 1 ? "/slow"
                                             : "/pieces") +
                               std::to_string(i);
      if (i % 4 == 0) {
        requests += "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody";
      } else {
        requests += get(path);
      }
      bodies.push_back(i % 3 == 2 ? path : (i % 4 == 0 ? "POST " + path + " body" : "GET " + path));
    }
  }

  std::string requests;
  std::vector<std::string> bodies;
};

std::vector<std::string> bodies_of(const std::vector<Answer>& answers) {
  std::vector<std::string> bodies;
  bodies.reserve(answers.size());
  for (const Answer& answer : answers) bodies.push_back(answer.body);
  return bodies;
}

}  // namespace

TEST_SUITE("http.httpserver.pipelining") {
  TEST_CASE("a hundred requests of all kinds are answered in order") {
    Fixture fixture(mixed_app);
    const Batch batch(100);
    Client client = fixture.connect();
    client.send(batch.requests);
    CHECK(bodies_of(client.answers()) == batch.bodies);

    Client slow = fixture.connect();
    slow.send_bytewise(batch.requests);
    CHECK(slow.received() == client.received());

    testing::MemoryStreamOptions one_byte;
    one_byte.read_size = 1;
    Client dripping = fixture.connect(one_byte, one_byte);
    dripping.send(batch.requests);
    CHECK(dripping.received() == client.received());
  }

  TEST_CASE("a few requests are answered in order, wherever they are cut") {
    Fixture fixture(mixed_app);
    const Batch batch(9);
    const Outcome outcome = ask(fixture, batch.requests);
    CHECK(bodies_of(answers_of(outcome)) == batch.bodies);
    CHECK(!outcome.ended);
  }

  TEST_CASE("a client that does not take its answers is not served any further") {
    int requests_served = 0;
    Fixture fixture([&](HTTPServerRequest&, HTTPConnection& connection) -> Task<> {
      ++requests_served;
      connection.respond(200, "OK", "", std::string(std::size_t{32} * 1024, 'x'));
      return {};
    });
    IOStream stream = fixture.connect_stream();
    std::string requests;
    for (int i = 0; i < 1000; ++i) requests += get("/");
    (void)stream.write(requests);
    fixture.run();
    CHECK(requests_served <= 6);  // 64 KiB under way, 64 KiB queued, and the one above that

    const auto read_all = [](IOStream& s, std::size_t n) -> Task<std::string> {
      std::string all = co_await s.read_bytes(n);
      co_return all;
    };
    const std::size_t answer_size =
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 32768\r\n\r\n").size() + 32768;
    const std::string all = fixture.loop.run_sync(read_all(stream, 1000 * answer_size));
    CHECK(parse_answers(all, false).size() == 1000);
    CHECK(requests_served == 1000);
  }

  TEST_CASE("a client that ends its side gets all answers to what it asked") {
    Fixture fixture([](HTTPServerRequest&, HTTPConnection& connection) -> Task<> {
      connection.respond(200, "OK", "", std::string(std::size_t{80} * 1024, 'x'));
      return {};
    });
    for (const std::size_t count : {std::size_t{1}, std::size_t{3}, std::size_t{20}}) {
      IOStream stream = fixture.connect_stream();
      for (std::size_t i = 0; i < count; ++i) (void)stream.write(get("/"));
      stream.close_write();
      fixture.run();  // the answers do not fit into what may be under way
      const auto read_all = [](IOStream& s) -> Task<std::string> {
        std::string all = co_await s.read_until_close();
        co_return all;
      };
      const std::string all = fixture.loop.run_sync(read_all(stream));
      const std::vector<Answer> answers = parse_answers(all, true);
      REQUIRE(answers.size() == count);
      CHECK(answers.back().complete);
    }
  }

  TEST_CASE("a request that is cut off by the end of the connection is not answered") {
    Fixture fixture(echo_app);
    for (const std::string_view part :
         {"GET / HT", "GET / HTTP/1.1\r\nHost: h\r\n",
          "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell"}) {
      Client client = fixture.connect();
      client.send(get("/a") + std::string(part));
      client.close_write();
      CHECK(client.answers().size() == 1);
      CHECK(client.ended());
      CHECK(!client.error());
    }
    CHECK(fixture.server->connections() == 0);
    CHECK(fixture.log.empty());
  }
}
