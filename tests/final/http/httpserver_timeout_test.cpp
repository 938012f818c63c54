#include <funnel/httpserver.h>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "raw_client.h"

using namespace funnel;
using namespace raw;

// A deadline is looked at once a second: it strikes up to a second early, because it is
// counted from the last look, or late.

namespace {

const std::string head_of_post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\n\r\n";

/// Returns after how many quarters of a second the server ended its side.
int quarters_until_end(Fixture& fixture, const Client& client, Duration most) {
  int quarters = 0;
  for (; !client.ended() && quarters < most / 250ms; ++quarters) fixture.pass(250ms);
  return quarters;
}

Task<> big_answer(HTTPServerRequest&, HTTPConnection& connection) {
  connection.respond(200, "OK", "", std::string(1'000'000, 'x'));
  return {};
}

Task<std::string> read_some(IOStream& stream) {
  std::string bytes = co_await stream.read_bytes(20'000, true);
  co_return bytes;
}

/// Takes the answer of `big_answer` as a slow client does. Its stream reads up to 64 KiB ahead, so
/// up to 28 seconds pass between two reads of the connection.
Answer take_slowly(Fixture& fixture, IOStream& stream) {
  std::string all;
  while (all.size() < 1'000'000) {
    all += fixture.loop.run_sync(read_some(stream));
    fixture.pass(7s);
  }
  return parse_answers(all, false)[0];
}

}  // namespace

TEST_SUITE("http.httpserver.timeout") {
  TEST_CASE("a connection that is not used is closed without an answer") {
    Fixture fixture(echo_app);
    const Client unused = fixture.connect();
    Client used = fixture.connect();
    used.send(get());
    CHECK(used.take().size() > 0);
    fixture.pass(73s);
    CHECK(!unused.ended());
    CHECK(!used.ended());
    fixture.pass(4s);
    CHECK(unused.ended());
    CHECK(used.ended());
    CHECK(unused.received().empty());
    CHECK(used.received().empty());
    CHECK(fixture.server->connections() == 0);
  }

  TEST_CASE("each request starts the idle time anew") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    for (int i = 0; i < 5; ++i) {
      fixture.pass(70s);
      client.send(get());
    }
    CHECK(client.answers().size() == 5);
    CHECK(!client.ended());
  }

  TEST_CASE("an idle connection still answers after it gave its buffer back") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    for (int i = 0; i < 5; ++i) {
      client.send(get());
      fixture.pass(10s);
    }
    CHECK(client.answers().size() == 5);
  }

  TEST_CASE("a head that does not arrive in time is answered with 408") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    client.send("GET / HTTP/1.1\r\n");
    const int quarters = quarters_until_end(fixture, client, 60s);
    CHECK(quarters >= 19 * 4);
    CHECK(quarters <= 22 * 4);
    CHECK(client.answer().code == 408);
    CHECK(client.answer().complete);
    CHECK(client.answer().has("Connection: close"));
    CHECK(fixture.server->connections() == 1);  // until the client has read it
    client.send(std::string(1000, 'x'));
    CHECK(!client.error());
    fixture.pass(3s);
    CHECK(fixture.server->connections() == 0);
  }

  TEST_CASE("a 408 does not cut off the answer before it that a slow client still takes") {
    Fixture fixture(big_answer);
    IOStream stream = fixture.connect_stream();
    (void)stream.write(get() + std::string("GET"));
    CHECK(take_slowly(fixture, stream).complete);
  }

  TEST_CASE("a line end behind a body begins no request, and gains no time") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    client.send(get());
    CHECK(client.answer().code == 200);
    client.send("\r");
    fixture.pass(40s);  // a head would have had 20 seconds
    CHECK(!client.ended());
    client.send("\n");
    fixture.pass(33s);
    CHECK(!client.ended());
    fixture.pass(4s);
    CHECK(client.ended());
    CHECK(client.answers().size() == 1);
  }

  TEST_CASE("a head that drips a byte a second does not gain time by it") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    int seconds = 0;
    for (; seconds < 60 && !client.ended(); ++seconds) {
      client.send(seconds < 20 ? std::string_view("GET / HTTP/1.1\r\nHost: ")
                                     .substr(static_cast<std::size_t>(seconds), 1)
                               : "h");
      fixture.pass(1s);
    }
    CHECK(seconds >= 19);
    CHECK(seconds <= 22);
    CHECK(client.answer().code == 408);
  }

  TEST_CASE("a late head behind a HEAD request gets its 408 with a body") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\nGET");
    fixture.pass(25s);
    const std::vector<Answer> answers = client.answers({"HEAD", "GET"});
    REQUIRE(answers.size() == 2);
    CHECK(answers[1].code == 408);
    CHECK(answers[1].complete);
  }

  TEST_CASE("a body that stops is answered with 408") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    client.send(head_of_post + "hello");
    const int quarters = quarters_until_end(fixture, client, 60s);
    CHECK(quarters >= 29 * 4);
    CHECK(quarters <= 32 * 4);
    CHECK(client.answer().code == 408);
  }

  TEST_CASE("a body may take its time while it makes progress") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    client.send(head_of_post);
    for (int i = 0; i < 40; ++i) {
      fixture.pass(20s);
      client.send("x");
    }
    CHECK(client.answer().code == 200);
  }

  TEST_CASE("a handler may take its time") {
    Fixture fixture([](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
      return [](HTTPServerRequest& r, HTTPConnection& c) -> Task<> {
        co_await gen::sleep(1h);
        echo(r, c);
      }(request, connection);
    });
    Client client = fixture.connect();
    client.send(get() + "GET /unfinished");
    fixture.pass(3590s);
    CHECK(client.received().empty());
    fixture.pass(15s);
    CHECK(client.answer().code == 200);
  }

  TEST_CASE("a client that does not read its answer is dropped") {
    Fixture fixture(big_answer);
    IOStream stream = fixture.connect_stream();
    (void)stream.write(get());
    fixture.run();
    fixture.pass(28s);
    CHECK(fixture.server->connections() == 1);
    fixture.pass(5s);
    CHECK(fixture.server->connections() == 0);
    CHECK(fixture.log.contains("192.0.2.1 does not read its answer"));
  }

  TEST_CASE("a client that reads its answer slowly gets all of it") {
    for (const std::string& request : {get(), "GET / HTTP/1.0\r\n\r\n" + std::string()}) {
      Fixture fixture(big_answer);
      IOStream stream = fixture.connect_stream();
      (void)stream.write(request);
      CHECK(take_slowly(fixture, stream).complete);
    }
  }

  TEST_CASE("a handler that waits for a client that does not read is cancelled") {
    bool destroyed = false;
    bool failed = false;
    struct Guard {
      explicit Guard(bool& f) : flag(f) {}
      Guard(const Guard&) = delete;
      Guard& operator=(const Guard&) = delete;
      ~Guard() { flag = true; }
      bool& flag;
    };
    Fixture fixture([&](HTTPServerRequest&, HTTPConnection& connection) -> Task<> {
      return [](HTTPConnection& c, bool& gone, bool& threw) -> Task<> {
        const Guard guard(gone);
        try {
          c.write_headers(200, "OK", "", std::nullopt);
          const std::string piece(100'000, 'x');
          for (;;) co_await c.write(piece);
        } catch (const std::system_error&) {
          threw = true;
          throw;
        }
      }(connection, destroyed, failed);
    });
    IOStream stream = fixture.connect_stream();
    (void)stream.write(get());
    fixture.run();
    fixture.pass(33s);
    CHECK(failed);
    CHECK(destroyed);
    CHECK(fixture.server->connections() == 0);
    CHECK(!fixture.log.contains("Uncaught"));
  }

  TEST_CASE("after the last answer the server waits a moment for the client, not longer") {
    Fixture fixture(echo_app);
    Client client = fixture.connect();
    client.send("GET / HTTP/1.0\r\n\r\n");
    CHECK(client.ended());
    CHECK(fixture.server->connections() == 1);
    fixture.pass(4s);
    CHECK(fixture.server->connections() == 0);
  }

  TEST_CASE("time-outs of any length are kept") {
    HTTPServerOptions options;
    options.idle_connection_timeout = 200ms;
    Fixture fixture(echo_app, options);
    const Client client = fixture.connect();
    for (int i = 0; i < 12 && !client.ended(); ++i) {
      fixture.clock.advance(25ms);
      fixture.run();
    }
    CHECK(client.ended());
  }

  TEST_CASE("a time-out of 0 is off") {
    HTTPServerOptions options;
    options.idle_connection_timeout = 0s;
    options.header_timeout = 0s;
    options.body_timeout = 0s;
    options.write_timeout = 0s;
    Fixture fixture(echo_app, options);
    const Client idle = fixture.connect();
    Client head = fixture.connect();
    head.send("GET");
    Client body = fixture.connect();
    body.send(head_of_post + "hello");
    fixture.pass(500s);
    CHECK(!idle.ended());
    CHECK(!head.ended());
    CHECK(!body.ended());
  }
}
