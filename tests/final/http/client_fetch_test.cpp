#include <funnel/simple_httpclient.h>

#include <funnel/gen.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "client_support.h"

using namespace funnel;
using namespace client_tests;

namespace {

HTTPRequest post(const std::string& url, const std::string& body = "x") {
  HTTPRequest request(url, "POST");
  request.body = body;
  return request;
}

/// More than the system takes of a request that nobody reads.
std::string large_body() {
  std::string body;
  body.resize(20'000'000, 'a');
  return body;
}

/// Waits for a request, sends `reply` and resets the connection.
Task<> answer_and_reset(const RawSocket* listener, std::string reply) {
  RawSocket peer = co_await accept_request(listener);
  peer.send(reply);
  peer.reset();
}

class FailingResolver final : public Resolver {
 public:
  Task<std::vector<Address>> resolve(std::string host, std::uint16_t) override {
    throw std::system_error(std::make_error_code(std::errc::host_unreachable), "resolving " + host);
    co_return std::vector<Address>();
  }
};

}  // namespace

TEST_SUITE("http.client.fetch") {
  TEST_CASE("a response has everything that the server said, and where and when") {
    IOLoop loop;
    ScriptedServer server({{Step("HTTP/1.1 202 Later\r\nContent-Length: 1\r\nX: y\r\n\r\nz")}});
    AsyncHTTPClient client;
    const auto before = std::chrono::system_clock::now();
    const auto begin = std::chrono::steady_clock::now();
    const HTTPResponse response =
        get(loop, client.fetch("http://me:pw@" + server.host() + "/p?q#frag"));
    CHECK(response.code == 202);
    CHECK(response.reason == "Later");
    CHECK(response.headers.get("X") == "y");
    CHECK(response.body == "z");
    CHECK(response.effective_url == server.url("/p?q"));
    CHECK(response.start_time >= before);
    CHECK(response.start_time <= std::chrono::system_clock::now());
    CHECK(response.request_time > Duration::zero());
    CHECK(response.request_time <= std::chrono::steady_clock::now() - begin);
  }

  TEST_CASE("a code outside 200 to 299 is thrown, with the response, if wanted") {
    IOLoop loop;
    AsyncHTTPClient client;
    for (const int code : {304, 400, 404, 500, 599}) {
      const std::string reply =
          "HTTP/1.1 " + std::to_string(code) + " No\r\nContent-Length: 0\r\nX: y\r\n\r\n";
      ScriptedServer server({{Step(reply), Step(reply)}});
      CHECK(get(loop, client.fetch(server.url(), false)).code == code);
      try {
        get(loop, client.fetch(server.url("/path")));
        FAIL("nothing was thrown");
      } catch (const HTTPClientError& error) {
        CHECK(error.code() == code);
        CHECK(error.response().headers.get("X") == "y");
        CHECK(error.what() == "HTTP " + std::to_string(code) + " No from " + server.url("/path"));
      }
    }
  }

  TEST_CASE("a body that is larger than the system takes at once arrives whole, both ways") {
    IOLoop loop;
    const std::string large(3'000'000, 'a');
    ScriptedServer server({{ok(large), ok("last")}});
    AsyncHTTPClient client;
    CHECK(get(loop, client.fetch(post(server.url(), large))).body == large);
    CHECK(server.requests.front().ends_with("\r\n\r\n" + large));
    CHECK(get(loop, client.fetch(server.url())).body == "last");
    CHECK(server.accepted == 1);
  }

  TEST_CASE("an answer that comes before the request was sent is taken, and ends the connection") {
    IOLoop loop;
    TCPServer server([](IOStream stream, Address) -> Task<> {
      co_await stream.read_until("\r\n\r\n");
      co_await stream.write("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
      co_await gen::sleep(std::chrono::hours(1));  // the rest stays unread
    });
    server.listen(0, "127.0.0.1");
    AsyncHTTPClient client;
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    for (int i = 1; i <= 2; ++i) {
      CHECK(get(loop, client.fetch(post(url, large_body()), false)).code == 413);
      CHECK(server.connections() == static_cast<std::size_t>(i));
    }
  }

  TEST_CASE("an answer is taken although the server closes before it has read the request") {
    const auto refuse_early = [](const RawSocket* listener) -> Task<> {
      const RawSocket peer = co_await accept_request(listener);
      peer.receive();
      peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!");
      // What lies unread makes the system reset the connection, at once behind the answer: the
      // client sees both together, with most of its body unsent.
    };
    const RawSocket listener = RawSocket::listen_anywhere();
    IOLoop loop;
    AsyncHTTPClient client;
    const std::string large = large_body();
    for (int i = 0; i < 3; ++i) {
      spawn_callback(refuse_early(&listener));
      const HTTPResponse response = get(loop, client.fetch(post(url_of(listener), large), false));
      CHECK(response.code == 413);
      CHECK(response.body == "no!");
    }
  }

  TEST_CASE("a request on a kept connection that is closed instead of answered is sent again") {
    IOLoop loop;
    ScriptedServer server({{ok(), closing()}, {ok("again")}});
    AsyncHTTPClient client;
    get(loop, client.fetch(server.url()));
    CHECK(get(loop, client.fetch(server.url())).body == "again");
    CHECK(server.accepted == 2);
    CHECK(server.requests.size() == 3);
  }

  TEST_CASE("it is sent on a new connection, not on another kept one, and only once") {
    IOLoop loop;
    ScriptedServer server({{ok(), closing()}, {ok(), closing()}, {closing()}, {ok("never")}});
    AsyncHTTPClient client;
    std::vector<Task<HTTPResponse>> both;
    both.push_back(client.fetch(server.url()));
    both.push_back(client.fetch(server.url()));
    loop.run_sync(gen::multi(std::move(both)));
    CHECK(contains(error_of<std::system_error>(loop, client.fetch(server.url())),
                   server.host() + " closed the connection without an answer"));
    CHECK(server.accepted == 3);
    CHECK(server.requests.size() == 4);
  }

  TEST_CASE("what may not be done twice is not sent again") {
    IOLoop loop;
    ScriptedServer server({{ok(), closing()}, {ok("never")}});
    AsyncHTTPClient client;
    get(loop, client.fetch(server.url()));
    CHECK(contains(error_of<std::system_error>(loop, client.fetch(post(server.url()))),
                   server.host() + " closed the connection without an answer"));
    CHECK(server.accepted == 1);
  }

  TEST_CASE("a request on a new connection is not sent again") {
    IOLoop loop;
    ScriptedServer server({{closing()}, {ok("never")}});
    AsyncHTTPClient client;
    CHECK(contains(error_of<std::system_error>(loop, client.fetch(server.url())),
                   server.host() + " closed the connection without an answer"));
    CHECK(server.accepted == 1);
  }

  TEST_CASE("a response that began is not asked for again") {
    IOLoop loop;
    ScriptedServer server({{ok(), closing("HTTP/1.1 200 OK\r\n")}, {ok("never")}});
    AsyncHTTPClient client;
    get(loop, client.fetch(server.url()));
    CHECK(contains(error_of<std::system_error>(loop, client.fetch(server.url())),
                   "the response of " + server.host() + " was refused"));
    CHECK(server.accepted == 1);
  }

  TEST_CASE("after a response that is refused the connection is closed") {
    IOLoop loop;
    ScriptedServer server(
        {{Step("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), ok("never")}, {ok("fresh")}});
    AsyncHTTPClient client;
    error_of<std::system_error>(loop, client.fetch(server.url()));
    CHECK(get(loop, client.fetch(server.url())).body == "fresh");
  }

  TEST_CASE("the limits of the client and of the request hold") {
    IOLoop loop;
    ScriptedServer server({{ok("12345")}, {ok("1", "X: " + std::string(2000, 'x') + "\r\n")}});
    AsyncHTTPClient::Options options;
    options.max_header_size = 1024;
    options.stream_options.max_write_buffer_size = 1000;
    AsyncHTTPClient client(options);
    HTTPRequest request(server.url());
    request.max_body_size = 4;
    CHECK(contains(error_of<std::system_error>(loop, client.fetch(request)), "body"));
    CHECK(contains(error_of<std::system_error>(loop, client.fetch(request)), "header"));
    CHECK(error_of<std::invalid_argument>(
              loop, client.fetch(post(server.url(), std::string(1001, 'x')))) ==
          "The body of the request has 1001 bytes, the client's max_write_buffer_size is 1000.");
    CHECK(server.requests.size() == 2);
  }

  TEST_CASE("no connection: the error says to whom, and why") {
    IOLoop loop;
    const std::uint16_t port = test_support::refused_port();
    AsyncHTTPClient client;
    const std::string host = "127.0.0.1:" + std::to_string(port);
    try {
      get(loop, client.fetch("http://" + host + "/"));
      FAIL("nothing was thrown");
    } catch (const std::system_error& error) {
      CHECK(error.code() == std::errc::connection_refused);
      CHECK(error.what() == "cannot connect to " + host + ": Connection refused");
    }
    FailingResolver resolver;
    OverrideResolver names({{"known", {Address("127.0.0.1", port)}}}, resolver);
    AsyncHTTPClient by_name(AsyncHTTPClient::Options(), names);
    CHECK(error_of<std::system_error>(loop, by_name.fetch("http://Unknown.invalid/")) ==
          "cannot connect to unknown.invalid:80: No route to host");
    CHECK(error_of<std::system_error>(loop, by_name.fetch("http://known:1/")) ==
          "cannot connect to known:1: Connection refused");
  }

  TEST_CASE("a name that the system does not know is an error that says so") {
    IOLoop loop;
    AsyncHTTPClient client;
    CHECK(contains(error_of<std::system_error>(loop, client.fetch("http://nowhere.invalid:81/")),
                   "cannot connect to nowhere.invalid:81: "));
  }

  TEST_CASE("a reset connection is an error with its reason") {
    for (const char* reply : {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"}) {
      const RawSocket listener = RawSocket::listen_anywhere();
      IOLoop loop;
      AsyncHTTPClient client;
      spawn_callback(answer_and_reset(&listener, reply));
      try {
        get(loop, client.fetch(url_of(listener)));
        FAIL("nothing was thrown");
      } catch (const std::system_error& error) {
        CHECK(error.code() == std::errc::connection_reset);
        CHECK(contains(error.what(), "127.0.0.1:" + std::to_string(listener.port())));
      }
    }
  }

  TEST_CASE("https says that it is not built yet") {
    IOLoop loop;
    AsyncHTTPClient client;
    CHECK(contains(error_of<std::system_error>(loop, client.fetch("https://example.org/")),
                   "https is not built yet: TLS to example.org:443 is needed"));
  }

  TEST_CASE("a request that cannot be sent is refused before anything is") {
    IOLoop loop;
    ScriptedServer server;
    AsyncHTTPClient client;
    CHECK(error_of<std::invalid_argument>(loop, client.fetch("no url")) ==
          "The URL has a byte that must be percent-encoded: a space, a control character or one "
          "outside ASCII.");
    CHECK(contains(
        error_of<std::invalid_argument>(loop, client.fetch(HTTPRequest(server.url(), "POST"))),
        "must be set"));
    CHECK(server.accepted == 0);
  }

  TEST_CASE("a client for nobody is refused") {
    IOLoop loop;
    AsyncHTTPClient::Options options;
    options.max_clients = 0;
    CHECK_THROWS_AS(AsyncHTTPClient{options}, std::invalid_argument);
  }

  TEST_CASE("a client that is destroyed ends its fetches, those in the queue too") {
    IOLoop loop;
    ScriptedServer server({{hanging()}});
    AsyncHTTPClient::Options options;
    options.max_clients = 1;
    auto client = std::make_unique<AsyncHTTPClient>(options);
    server.on_request = [&](const std::string&) { client.reset(); };
    std::vector<Task<HTTPResponse>> fetches;
    fetches.push_back(client->fetch(server.url()));
    fetches.push_back(client->fetch(server.url()));
    Task<HTTPResponse> late = client->fetch(server.url());
    const testing::LogCapture log;  // `multi` throws one failure and logs the others
    const auto message = [&](Task<HTTPResponse> fetch) {
      return error_of<std::system_error>(loop, std::move(fetch));
    };
    const std::string expected =
        "the HTTP client was destroyed before " + server.host() + " had answered";
    CHECK(contains(error_of<std::system_error>(loop, gen::multi(std::move(fetches))), expected));
    CHECK(log.contains(expected));
    CHECK(contains(message(std::move(late)), expected));
    CHECK(server.accepted == 1);
  }

  TEST_CASE("fetches that nobody awaits any more are destroyed with the loop") {
    IOLoop loop;
    ScriptedServer server({{hanging()}});
    AsyncHTTPClient client;
    const auto drop = [](Task<HTTPResponse> fetch) -> Task<> { co_await std::move(fetch); };
    spawn_callback(drop(client.fetch(server.url())));
    server.on_request = [&](const std::string&) { loop.stop(); };
    loop.start();
    CHECK(server.requests.size() == 1);
  }
}
