#include <funnel/httpserver.h>

#include <doctest/doctest.h>

#include <funnel/gen.h>
#include <funnel/tcpclient.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "raw_client.h"
#include "support/time_scale.h"

using namespace funnel;
using namespace raw;

namespace {

std::string request_line_of(std::size_t bytes) {  // with its line end
  const std::string rest = " HTTP/1.1\r\n";
  std::string line = "GET /";
  line += std::string(bytes - line.size() - rest.size(), 'a');
  return line + rest;
}

/// Header lines of so many bytes together, with the empty line.
std::string fields_of(std::size_t bytes) {
  std::string fields = "Host: h\r\nX: ";
  fields += std::string(bytes - fields.size() - 4, 'a');
  return fields + "\r\n\r\n";
}

std::string many_fields(int count) {
  std::string fields = "Host: h\r\n";
  for (int i = 1; i < count; ++i) fields += "X: 1\r\n";
  return fields + "\r\n";
}

const std::string request_line = "GET / HTTP/1.1\r\n";
const Duration time_limit = test_support::time_limit(20s);

int code_of(Fixture& fixture, const std::string& request) {
  Client client = fixture.connect();
  client.send(request);
  const int code = client.answer().code;
  CHECK(client.ended() == (code != 200));
  return code;
}

/// Answers after some turns of the loop; notes the most connections that the server has meanwhile.
Task<> look_around(HTTPConnection& connection, const HTTPServer& server, std::size_t& most) {
  for (int turn = 0; turn < 20; ++turn) {
    most = std::max(most, server.connections());
    co_await gen::sleep(0s);
  }
  connection.respond(200, "OK", "", "");
}

}  // namespace

TEST_SUITE("http.httpserver.limit") {
  TEST_CASE("the default limits are what the options say") {
    Fixture fixture(echo_app);
    CHECK(code_of(fixture, request_line_of(8192) + "Host: h\r\n\r\n") == 200);
    CHECK(code_of(fixture, request_line_of(8193) + "Host: h\r\n\r\n") == 414);
    CHECK(code_of(fixture, request_line + fields_of(65536)) == 200);
    CHECK(code_of(fixture, request_line + fields_of(65537)) == 431);
    CHECK(code_of(fixture, request_line + many_fields(100)) == 200);
    CHECK(code_of(fixture, request_line + many_fields(101)) == 431);
  }

  TEST_CASE("limits strike at the same byte, wherever a request is cut") {
    HTTPServerOptions options;
    options.max_request_line = 40;
    options.max_header_size = 60;
    options.max_header_lines = 5;
    Fixture fixture(echo_app, options);
    const auto ask_code = [&](const std::string& request) {
      return answers_of(ask(fixture, request))[0].code;
    };
    CHECK(ask_code(request_line_of(40) + "Host: h\r\n\r\n") == 200);
    CHECK(ask_code(request_line_of(41) + "Host: h\r\n\r\n") == 414);
    CHECK(ask_code(request_line + fields_of(60)) == 200);
    CHECK(ask_code(request_line + fields_of(61)) == 431);
    CHECK(ask_code(request_line + many_fields(5)) == 200);
    CHECK(ask_code(request_line + many_fields(6)) == 431);
  }

  TEST_CASE("a line that never ends is refused when it is too long, not later") {
    Fixture fixture(echo_app);
    Client line = fixture.connect();
    line.send(std::string(8192, 'a'));
    CHECK(line.received().empty());
    line.send("a");
    CHECK(line.answer().code == 414);
    Client field = fixture.connect();
    field.send(request_line + "X: " + std::string(65533, 'a'));
    CHECK(field.received().empty());
    field.send("a");
    CHECK(field.answer().code == 431);
  }

  TEST_CASE("limits start afresh with each request of a connection") {
    HTTPServerOptions options;
    options.max_header_size = 100;
    options.max_body_size = 10;
    Fixture fixture(echo_app, options);
    Client client = fixture.connect();
    for (int i = 0; i < 20; ++i) {
      client.send("POST / HTTP/1.1\r\nHost: h\r\nX: " + std::string(40, 'a') +
                  "\r\nContent-Length: 10\r\n\r\n0123456789");
    }
    CHECK(client.answers().size() == 20);
  }

  TEST_CASE("after a refusal the server reads what the client still sends, up to a bound") {
    Fixture fixture(echo_app);
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n";
    Client short_body = fixture.connect();
    short_body.send(head + std::string(200'000, 'x'));
    CHECK(short_body.answer().code == 413);
    CHECK(fixture.server->connections() == 1);
    short_body.close_write();
    CHECK(fixture.server->connections() == 0);
    CHECK(!short_body.error());
    Client long_body = fixture.connect();
    long_body.send(head + std::string(1'000'000, 'x'));
    CHECK(long_body.answer().code == 413);
    CHECK(fixture.server->connections() == 0);
  }

  TEST_CASE("more connections than allowed wait for their turn") {
    HTTPServerOptions options;
    options.max_connections = 2;
    testing::LogCapture log;
    IOLoop loop;
    std::size_t most = 0;
    std::optional<HTTPServer> server;
    server.emplace(
        [&](HTTPServerRequest&, HTTPConnection& connection) {
          return look_around(connection, *server, most);
        },
        options);
    server->listen(0, "127.0.0.1");
    const auto conversation = [](std::uint16_t port) -> Task<std::string> {
      TCPClient client;
      IOStream stream = co_await client.connect("127.0.0.1", port);
      (void)stream.write("GET / HTTP/1.0\r\n\r\n");
      std::string answer = co_await stream.read_until_close();
      co_return answer;
    };
    std::vector<Task<std::string>> all;
    all.reserve(20);
    for (int i = 0; i < 20; ++i) all.push_back(conversation(server->port()));
    const std::vector<std::string> answers = loop.run_sync(gen::multi(std::move(all)), time_limit);
    for (const std::string& answer : answers) CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(most == 2);
  }
}

namespace {

/// Sends a large body without looking, and then reads the answer.
Task<std::string> upload(std::uint16_t port, std::size_t bytes) {
  TCPClient client;
  IOStream stream = co_await client.connect("127.0.0.1", port);
  (void)stream.write("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(bytes) +
                     "\r\n\r\n");
  const std::string piece(std::size_t{16} * 1024, 'x');
  for (std::size_t sent = 0; sent < bytes; sent += piece.size()) co_await stream.write(piece);
  std::string answer = co_await stream.read_until("\r\n\r\n");
  co_return answer;
}

}  // namespace

TEST_SUITE("http.httpserver.tcp") {
  TEST_CASE("a client that still sends its body gets the refusal of it") {
    testing::LogCapture log;
    IOLoop loop;
    HTTPServerOptions options;
    options.max_body_size = 1000;
    HTTPServer server(echo_app, options);
    server.listen(0, "127.0.0.1");
    for (int i = 0; i < 20; ++i) {
      const std::string head = loop.run_sync(upload(server.port(), 200'000), time_limit);
      CHECK(head.starts_with("HTTP/1.1 413 Content Too Large\r\n"));
    }
  }

  TEST_CASE("a large body and a large answer pass in both directions") {
    IOLoop loop;
    HTTPServer server([](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
      connection.respond(200, "OK", "", request.body());
      return {};
    });
    server.listen(0, "127.0.0.1");
    const auto conversation = [](std::uint16_t port) -> Task<std::string> {
      TCPClient client;
      IOStream stream = co_await client.connect("127.0.0.1", port);
      const std::string body(5'000'000, 'x');
      (void)stream.write("POST / HTTP/1.0\r\nContent-Length: 5000000\r\n\r\n", body);
      std::string answer = co_await stream.read_until_close();
      co_return answer;
    };
    const std::string answer = loop.run_sync(conversation(server.port()), time_limit);
    CHECK(parse_answers(answer, true)[0].body.size() == 5'000'000);
  }
}
