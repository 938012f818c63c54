#include <funnel/httpserver.h>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raw_client.h"

using namespace funnel;
using namespace raw;

namespace {

/// What happened to handlers.
struct Seen {
  int started = 0;
  int cancelled = 0;
  int destroyed = 0;
  int finished = 0;
};

class Guard {
 public:
  explicit Guard(Seen& seen) : seen_(seen) { ++seen_.started; }
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() { ++seen_.destroyed; }

 private:
  Seen& seen_;
};

Task<> wait_deep() { co_await gen::sleep(10s); }

Task<> wait_in_handler(HTTPServerRequest& request, HTTPConnection& connection, Seen& seen) {
  const Guard guard(seen);
  try {
    co_await wait_deep();
  } catch (const Cancelled&) {
    ++seen.cancelled;
    CHECK(connection.closed());
    throw;
  }
  ++seen.finished;
  echo(request, connection);
}

HTTPServer::RequestCallback waiting_app(Seen& seen) {
  return [&seen](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
    if (request.path() == "/at_once") {
      echo(request, connection);
      return {};
    }
    return wait_in_handler(request, connection, seen);
  };
}

}  // namespace

TEST_SUITE("http.httpserver.disconnect") {
  TEST_CASE("a handler that waits is cancelled when its client goes away") {
    Seen seen;
    Fixture fixture(waiting_app(seen));
    Client client = fixture.connect();
    client.send(get("/"));
    CHECK(seen.started == 1);
    CHECK(seen.destroyed == 0);
    client.close();
    fixture.run();
    CHECK(seen.cancelled == 1);
    CHECK(seen.destroyed == 1);
    CHECK(fixture.server->connections() == 0);
    CHECK(fixture.log.empty());
  }

  TEST_CASE("the end of the client's sending side counts as going away") {
    Seen seen;
    Fixture fixture(waiting_app(seen));
    Client client = fixture.connect();
    client.send(get("/"));
    client.close_write();
    CHECK(seen.cancelled == 1);
    CHECK(client.ended());
    CHECK(client.received().empty());
  }

  TEST_CASE("an end that came together with the request counts too") {
    Seen seen;
    Fixture fixture(waiting_app(seen));
    IOStream stream = fixture.connect_stream();
    (void)stream.write(get("/at_once") + get("/"));
    stream.close_write();
    fixture.run();
    CHECK(seen.started == 1);
    CHECK(seen.cancelled == 1);
    CHECK(seen.destroyed == 1);
  }

  TEST_CASE("a reset connection cancels the handler") {
    Seen seen;
    Fixture fixture(waiting_app(seen));
    testing::MemoryStreamOptions reset;
    reset.reset_after = get("/").size() + 1;
    Client client = fixture.connect(reset);
    client.send(get("/"));
    CHECK(seen.cancelled == 0);
    client.send("xyz");
    CHECK(seen.cancelled == 1);
    CHECK(fixture.server->connections() == 0);
    CHECK(fixture.log.empty());
  }

  TEST_CASE("a client that goes away behind more than is read ahead cancels its handler") {
    Seen seen;
    Fixture fixture(waiting_app(seen));
    IOStream stream = fixture.connect_stream();
    (void)stream.write(get("/") + std::string(std::size_t{100} * 1024, 'x'));
    fixture.pass(2s);
    CHECK(seen.started == 1);
    CHECK(seen.cancelled == 0);
    stream.close();
    fixture.pass(2s);
    CHECK(seen.cancelled == 1);
    CHECK(seen.destroyed == 1);
    CHECK(fixture.server->connections() == 0);
  }

  TEST_CASE("a handler that does not wait is not disturbed by a client that has gone") {
    Seen seen;
    Fixture fixture(waiting_app(seen));
    Client client = fixture.connect();
    client.send(get("/at_once") + get("/at_once"));
    client.close();
    fixture.run();
    CHECK(fixture.log.empty());
    CHECK(fixture.server->connections() == 0);
  }

  TEST_CASE("what a handler throws for another reason is logged even if the client has gone") {
    Fixture fixture([](HTTPServerRequest&, HTTPConnection&) -> Task<> {
      return []() -> Task<> {
        try {
          co_await gen::sleep(1s);
        } catch (const Cancelled&) {
          throw std::runtime_error("clean-up failed");
        }
      }();
    });
    Client client = fixture.connect();
    client.send(get("/"));
    client.close();
    fixture.run();
    CHECK(fixture.log.contains("clean-up failed"));
  }

  TEST_CASE("writes to a client that has gone do nothing") {
    Fixture fixture([](HTTPServerRequest&, HTTPConnection& connection) -> Task<> {
      return [](HTTPConnection& c) -> Task<> {
        try {
          co_await gen::sleep(1s);
        } catch (const Cancelled&) {
        }
        c.write_headers(200, "OK", "", std::nullopt);
        (void)c.write("x");
        c.finish();
      }(connection);
    });
    Client client = fixture.connect();
    client.send(get("/"));
    client.close();
    fixture.run();
    CHECK(fixture.log.empty());
    CHECK(fixture.server->connections() == 0);
  }

  TEST_CASE("a client that goes while it is being sent much does no harm") {
    Fixture fixture([](HTTPServerRequest&, HTTPConnection& connection) -> Task<> {
      connection.respond(200, "OK", "", std::string(std::size_t{512} * 1024, 'x'));
      return {};
    });
    IOStream stream = fixture.connect_stream();
    (void)stream.write(get("/") + get("/"));
    fixture.run();
    stream.close();
    fixture.run();
    CHECK(fixture.server->connections() == 0);
    CHECK(fixture.log.empty());
  }

  TEST_CASE("requests that came while a handler waited are answered after it") {
    Seen seen;
    Fixture fixture(waiting_app(seen));
    Client client = fixture.connect();
    client.send(get("/wait"));
    client.send_bytewise(get("/at_once"));
    client.send(get("/at_once") + get("/wait"));
    CHECK(client.received().empty());
    fixture.pass(10s);
    CHECK(client.answers().size() == 3);
    fixture.pass(10s);
    const std::vector<Answer> answers = client.answers();
    REQUIRE(answers.size() == 4);
    CHECK(answers[0].body == "GET /wait");
    CHECK(answers[3].body == "GET /wait");
  }

  TEST_CASE("what is read ahead while a handler waits is bounded") {
    Seen seen;
    Fixture fixture(waiting_app(seen));
    IOStream stream = fixture.connect_stream();
    (void)stream.write(get("/wait"));
    fixture.run();
    std::string requests;
    for (int i = 0; i < 20'000; ++i) requests += get("/at_once");
    (void)stream.write(requests);
    fixture.run();
    CHECK(stream.writing());
    // 64 KiB lie in the connection; what else has gone was read.
    CHECK(stream.bytes_written() <= (64 + 64 + 64) * 1024);

    fixture.pass(10s);
    const auto read_all = [](IOStream& s, std::size_t n) -> Task<std::string> {
      std::string all = co_await s.read_bytes(n);
      co_return all;
    };
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nGET /at_once";
    const std::string first = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nGET /wait";
    const std::string all =
        fixture.loop.run_sync(read_all(stream, first.size() + 20'000 * answer.size()));
    CHECK(all.starts_with(first + answer));
    CHECK(all.ends_with(answer));
  }
}

TEST_SUITE("http.httpserver.lifetime") {
  TEST_CASE("everything of a request stays valid while its handler waits") {
    Fixture fixture([](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
      return [](HTTPServerRequest& r, HTTPConnection& c) -> Task<> {
        const std::string_view uri = r.uri();
        const std::string_view path = r.path();
        const std::string_view query = r.query();
        const std::string_view host = r.host();
        const std::string_view method = r.method();
        const std::string_view body = r.body();
        const std::optional<std::string_view> field = r.header("x-field");
        for (int i = 0; i < 200; ++i) co_await gen::sleep(0s);
        CHECK(method == "POST");
        CHECK(uri == "/p?q=1");
        CHECK(path == "/p");
        CHECK(query == "q=1");
        CHECK(host == "example.com");
        CHECK(field == "value");
        CHECK(body == "the body");
        CHECK(r.headers().get("X-Field") == "value");
        CHECK(r.remote_ip() == "192.0.2.1");
        CHECK(r.version() == "HTTP/1.1");
        echo(r, c);
      }(request, connection);
    });
    const std::string request =
        "POST /p?q=1 HTTP/1.1\r\nHost: example.com\r\nX-Field: value\r\n"
        "Content-Length: 8\r\n\r\nthe body";
    // Enough behind the first request that the stream's buffer has to move.
    std::string more;
    for (int i = 0; i < 300; ++i) more += request;
    for (const std::size_t size : {std::size_t{1}, std::size_t{100}, std::size_t{10'000}}) {
      testing::MemoryStreamOptions pieces;
      pieces.read_size = size;
      Client client = fixture.connect(pieces);
      client.send(request + more);
      CHECK(client.answers().size() == 301);
    }
  }

  TEST_CASE("a head without a body stays valid too, with other requests behind it") {
    Fixture fixture([](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
      return [](HTTPServerRequest& r, HTTPConnection& c) -> Task<> {
        const std::string_view uri = r.uri();
        const std::optional<std::string_view> field = r.header("X-Field");
        for (int i = 0; i < 100; ++i) co_await gen::sleep(0s);
        CHECK(uri == "/p");
        CHECK(field == "value");
        echo(r, c);
      }(request, connection);
    });
    const std::string request = "GET /p HTTP/1.1\r\nHost: h\r\nX-Field: value\r\n\r\n";
    std::string many;
    for (int i = 0; i < 1000; ++i) many += request;
    for (const std::size_t size : {std::size_t{1}, std::size_t{100}, std::size_t{100'000}}) {
      testing::MemoryStreamOptions pieces;
      pieces.read_size = size;
      Client client = fixture.connect(pieces);
      client.send(many);
      CHECK(client.answers().size() == 1000);
    }
  }

  TEST_CASE("a server that is destroyed destroys the handlers that wait") {
    Seen seen;
    Fixture fixture(waiting_app(seen));
    std::vector<Client> clients;
    for (int i = 0; i < 10; ++i) {
      clients.push_back(fixture.connect());
      clients.back().send(i % 2 == 0 ? get("/") : get("/") + get("/at_once"));
    }
    Client half = fixture.connect();
    half.send("GET / HT");
    Client in_body = fixture.connect();
    in_body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe");
    fixture.server.reset();
    CHECK(seen.started == 10);
    CHECK(seen.destroyed == 10);
    fixture.run();
    for (const Client& client : clients) CHECK(client.ended());
    CHECK(half.ended());
    CHECK(in_body.ended());
    CHECK(seen.cancelled == 0);
    CHECK(fixture.log.empty());
  }

  TEST_CASE("a server can be destroyed in the middle of an answer that nobody takes") {
    Fixture fixture([](HTTPServerRequest&, HTTPConnection& connection) -> Task<> {
      return [](HTTPConnection& c) -> Task<> {
        c.write_headers(200, "OK", "", std::nullopt);
        const std::string piece(100'000, 'x');
        for (;;) co_await c.write(piece);
      }(connection);
    });
    const IOStream stream = fixture.connect_stream();
    IOStream other = fixture.connect_stream();
    (void)other.write(get("/"));
    fixture.run();
    fixture.server.reset();
    fixture.run();
    CHECK(fixture.log.empty());
  }

  TEST_CASE("a thousand requests wait at the same time") {
    Seen seen;
    Fixture fixture(waiting_app(seen));
    std::vector<Client> clients;
    for (int i = 0; i < 1000; ++i) {
      clients.push_back(fixture.connect());
      clients.back().send(get("/" + std::to_string(i)));
    }
    CHECK(seen.started == 1000);
    CHECK(fixture.server->connections() == 1000);
    for (std::size_t i = 0; i < 1000; i += 2) clients[i].close();
    fixture.run();
    CHECK(seen.cancelled == 500);
    fixture.pass(10s);
    CHECK(seen.finished == 500);
    for (std::size_t i = 1; i < 1000; i += 2) {
      CHECK(clients[i].answer().body == "GET /" + std::to_string(i));
    }
  }

  TEST_CASE("a stopped server goes on with the connections it has") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    fixture.server->stop();
    client.send(get("/slow"));
    CHECK(client.answer().body == "GET /slow");
  }
}
