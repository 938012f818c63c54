#include <funnel/httpserver.h>

#include <doctest/doctest.h>

#include <funnel/gen.h>
#include <funnel/tcpclient.h>

#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "../core/support.h"
#include "raw_client.h"

using namespace funnel;
using namespace raw;

namespace {

constexpr std::size_t large = std::size_t{90} * 1024;  // more than lies in a memory stream

Task<> abort_later(HTTPConnection& connection) {
  co_await gen::sleep(0s);
  connection.abort();
}

Task<> wait_for_ever() { co_await gen::sleep(24h); }

/// Answers `/large` and `/small` at once; cuts `/abort` and `/abort_later` off before they are
/// answered; `/wait` waits.
Task<> app(HTTPServerRequest& request, HTTPConnection& connection) {
  if (request.path() == "/large") connection.respond(200, "OK", "", std::string(large, 'x'));
  if (request.path() == "/small") connection.respond(200, "OK", "", "small");
  if (request.path() == "/abort") connection.abort();
  if (request.path() == "/abort_later") return abort_later(connection);
  if (request.path() == "/wait") return wait_for_ever();
  return {};
}

Task<> answer_later(HTTPConnection& connection, bool* closed) {
  co_await gen::sleep(1s);
  connection.respond(200, "OK", "", "nobody takes this");
  *closed = connection.closed();
}

Task<std::string> read_to_the_end(IOStream& stream) {
  std::string all = co_await stream.read_until_close();
  co_return all;
}

Task<std::string> read_exactly(IOStream& stream, std::size_t count) {
  std::string bytes = co_await stream.read_bytes(count);
  co_return bytes;
}

/// What comes back when all is sent before anything is read.
std::vector<Answer> read_answers(Fixture& fixture, IOStream& stream) {
  fixture.run();
  return parse_answers(fixture.loop.run_sync(read_to_the_end(stream)), true);
}

}  // namespace

TEST_SUITE("http.httpserver.cut_off") {
  TEST_CASE("an answer cut off before its head leaves the ones before it whole") {
    Fixture fixture(app);
    Client client = fixture.connect();
    client.send(get("/small") + get("/abort") + get("/small"));
    CHECK(client.ended());
    CHECK(client.answer().body == "small");
    CHECK(client.answer().complete);
    CHECK(fixture.log.empty());
  }

  TEST_CASE("what was queued before an answer that is cut off arrives") {
    for (const char* path : {"/abort", "/abort_later"}) {
      Fixture fixture(app);
      IOStream stream = fixture.connect_stream();
      (void)stream.write(get("/large") + get(path));
      const std::vector<Answer> answers = read_answers(fixture, stream);
      REQUIRE(answers.size() == 1);
      CHECK(answers[0].body.size() == large);
    }
  }

  TEST_CASE("a client that ends its side gets the answers before the one that waits") {
    Fixture fixture(app);
    IOStream stream = fixture.connect_stream();
    (void)stream.write(get("/large") + get("/wait"));
    stream.close_write();
    const std::vector<Answer> answers = read_answers(fixture, stream);
    REQUIRE(answers.size() == 1);
    CHECK(answers[0].body.size() == large);
    fixture.run();
    CHECK(fixture.server->connections() == 0);
  }

  TEST_CASE("a handler that goes on after it cut its answer off sends nothing more") {
    bool write_failed = false;
    Fixture fixture([&write_failed](HTTPServerRequest&, HTTPConnection& connection) -> Task<> {
      connection.abort();
      CHECK(connection.closed());
      connection.write_headers(200, "OK", "", std::nullopt);
      write_failed = connection.write("late").exception() != nullptr;
      connection.finish();
      return {};
    });
    Client client = fixture.connect();
    client.send(get("/"));
    CHECK(client.ended());
    CHECK(client.received().empty());
    CHECK(write_failed);
  }

  TEST_CASE("a client that takes no more is gone, although its side stays open") {
    bool closed = false;
    int handled = 0;
    Fixture fixture([&](HTTPServerRequest&, HTTPConnection& connection) {
      ++handled;
      return answer_later(connection, &closed);
    });
    core_tests::SocketPair ends;
    const int client_end = ends.release_second();
    IOStream client = pipe_stream(client_end);
    fixture.server->handle_stream(pipe_stream(ends.release_first()), Address("192.0.2.1", 4711));
    (void)client.write(get("/") + get("/"));
    fixture.run();
    ::shutdown(client_end, SHUT_RD);
    fixture.pass(2s);
    CHECK(closed);
    CHECK(handled == 1);
    CHECK(fixture.server->connections() == 0);
    CHECK(fixture.log.empty());
  }

  TEST_CASE("a connection is ended behind an answer that says so, and the answer says it") {
    Fixture fixture([](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
      connection.close_after_answer();
      echo(request, connection);
      return {};
    });
    Client client = fixture.connect();
    client.send(get("/") + get("/"));
    CHECK(client.ended());
    CHECK(client.answer().body == "GET /");
    CHECK(client.answer().has("Connection: close"));
  }

  TEST_CASE("a client that takes no more than may be queued is cut off, and the log says why") {
    HTTPServerOptions options;
    options.max_write_buffer_size = 1;  // counts as the least, 256 KiB
    Fixture fixture(
        [](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
          const bool fits = request.path() == "/fits";
          connection.respond(200, "OK", "",
                             std::string(std::size_t{fits ? 255U : 32U * 1024U} * 1024, 'x'));
          return {};
        },
        options);
    fixture.server->listen(0, "127.0.0.1");
    TCPClient tcp;
    IOStream stream = fixture.loop.run_sync(tcp.connect("127.0.0.1", fixture.server->port()));
    (void)stream.write(get("/fits"));
    const std::size_t some = std::size_t{255} * 1024;
    CHECK(fixture.loop.run_sync(read_exactly(stream, some)).size() == some);
    CHECK(fixture.log.empty());
    (void)stream.write(get("/"));
    (void)fixture.loop.run_sync(read_to_the_end(stream));
    CHECK(fixture.log.contains("an answer to 127.0.0.1 is larger than may be queued"));
  }
}
