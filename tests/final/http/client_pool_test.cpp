#include "http/client_pool.h"

#include <funnel/gen.h>
#include <funnel/httpserver.h>
#include <funnel/simple_httpclient.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client_support.h"

using namespace funnel;
using namespace client_tests;

namespace {

Task<> turns(int count) {
  for (int i = 0; i < count; ++i) co_await gen::sleep(Duration::zero());
}

/// `count` fetches at the same time.
void fetch_at_once(IOLoop& loop, AsyncHTTPClient& client, const std::string& url,
                   std::size_t count) {
  std::vector<Task<HTTPResponse>> fetches;
  for (std::size_t i = 0; i < count; ++i) fetches.push_back(client.fetch(url));
  loop.run_sync(gen::multi(std::move(fetches)), time_limit);
}

void run_until_connections(IOLoop& loop, const ScriptedServer& server, std::size_t count) {
  run_until(loop, [&server, count] { return server.connections() == count; });
}

}  // namespace

TEST_SUITE("http.client.pool") {
  TEST_CASE("requests one after the other use one connection") {
    IOLoop loop;
    ScriptedServer server;
    AsyncHTTPClient client;
    for (int i = 0; i < 20; ++i) CHECK(get(loop, client.fetch(server.url())).body == "ok");
    CHECK(server.requests.size() == 20);
    CHECK(server.accepted == 1);
  }

  TEST_CASE("requests at the same time use as many connections, and later ones the same") {
    IOLoop loop;
    ScriptedServer server;
    AsyncHTTPClient client;
    fetch_at_once(loop, client, server.url(), 3);
    CHECK(server.accepted == 3);
    fetch_at_once(loop, client, server.url(), 3);
    CHECK(server.accepted == 3);
  }

  TEST_CASE("another port is another origin") {
    IOLoop loop;
    ScriptedServer first;
    ScriptedServer second;
    AsyncHTTPClient client;
    for (int i = 0; i < 2; ++i) {
      get(loop, client.fetch(first.url()));
      get(loop, client.fetch(second.url()));
    }
    CHECK(first.accepted == 1);
    CHECK(second.accepted == 1);
  }

  TEST_CASE("the server of this library and its client keep connections open") {
    IOLoop loop;
    HTTPServer server([](HTTPServerRequest& request, HTTPConnection& connection) -> Task<> {
      connection.respond(200, "OK", "",
                         std::string(request.method()) + std::string(request.body()));
      return {};
    });
    server.listen(0, "127.0.0.1");
    const std::string url = "http://127.0.0.1:" + std::to_string(server.port()) + "/";
    AsyncHTTPClient client;
    HTTPRequest post(url, "POST");
    post.body = std::string(300'000, 'x');
    CHECK(get(loop, client.fetch(url)).body == "GET");
    CHECK(get(loop, client.fetch(post)).body == "POST" + *post.body);
    CHECK(get(loop, client.fetch(HTTPRequest(url, "HEAD"))).body == "");
    CHECK(get(loop, client.fetch(url)).body == "GET");
    CHECK(server.connections() == 1);
  }

  TEST_CASE("a connection that ended, or brought bytes, while the loop was busy is not used") {
    for (const bool talks : {true, false}) {
      CAPTURE(talks);
      const RawSocket listener = RawSocket::listen_anywhere();
      std::optional<RawSocket> first;
      std::optional<RawSocket> second;
      IOLoop loop;
      AsyncHTTPClient client;
      HTTPRequest post(url_of(listener), "POST");
      post.body = "x";
      spawn_callback(answer_one(&listener, ok("first"), &first));
      CHECK(get(loop, client.fetch(post)).body == "first");
      talks ? first->send(ok("stale")) : first->shutdown_write();
      wait_until_received(*first);
      spawn_callback(answer_one(&listener, ok("second"), &second));
      CHECK(get(loop, client.fetch(post)).body == "second");
    }
  }

  TEST_CASE("a server that talks while it is not asked is not asked again on that connection") {
    IOLoop loop;
    ScriptedServer server({{Step(ok() + ok("stale"))}, {ok("fresh")}});
    AsyncHTTPClient client;
    CHECK(get(loop, client.fetch(server.url())).body == "ok");
    CHECK(get(loop, client.fetch(server.url())).body == "fresh");
  }

  TEST_CASE("bytes that come while a connection is idle close it") {
    IOLoop loop;
    Promise<> talk;
    TCPServer server([&talk](IOStream stream, const Address&) {
      return [](IOStream peer, Future<> now) -> Task<> {
        co_await client_tests::read_request(peer);
        co_await peer.write(ok());
        co_await now;
        co_await peer.write("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
        bool open = true;
        while (open) open = co_await peer.fill();
      }(std::move(stream), talk.future());
    });
    server.listen(0, "127.0.0.1");
    AsyncHTTPClient client;
    get(loop, client.fetch("http://127.0.0.1:" + std::to_string(server.port()) + "/"));
    CHECK(server.connections() == 1);
    talk.set_value();
    run_until(loop, [&server] { return server.connections() == 0; });
  }

  TEST_CASE("no more connections than allowed are kept for a host") {
    IOLoop loop;
    ScriptedServer server;
    AsyncHTTPClient::Options options;
    options.max_idle_connections_per_host = 2;
    AsyncHTTPClient client(options);
    fetch_at_once(loop, client, server.url(), 5);
    CHECK(server.accepted == 5);
    run_until_connections(loop, server, 2);
    fetch_at_once(loop, client, server.url(), 2);
    CHECK(server.accepted == 5);
  }

  TEST_CASE("no more connections than allowed are kept in all: the oldest go") {
    IOLoop loop;
    ScriptedServer a;
    ScriptedServer b;
    ScriptedServer c;
    AsyncHTTPClient::Options options;
    options.max_idle_connections = 2;
    AsyncHTTPClient client(options);
    for (ScriptedServer* server : {&a, &b, &c}) get(loop, client.fetch(server->url()));
    run_until_connections(loop, a, 0);
    CHECK(b.connections() == 1);
    CHECK(c.connections() == 1);
    get(loop, client.fetch(b.url()));
    get(loop, client.fetch(a.url()));
    run_until_connections(loop, c, 0);
    CHECK(b.accepted == 1);
  }

  TEST_CASE("without room for idle ones every request has its own connection") {
    IOLoop loop;
    for (const bool per_host : {true, false}) {
      ScriptedServer server;
      AsyncHTTPClient::Options options;
      (per_host ? options.max_idle_connections_per_host : options.max_idle_connections) = 0;
      AsyncHTTPClient client(options);
      get(loop, client.fetch(server.url()));
      get(loop, client.fetch(server.url()));
      CHECK(server.accepted == 2);
    }
  }

  TEST_CASE("idle connections are closed when their time is up, each at its own") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    ScriptedServer server;
    AsyncHTTPClient::Options options;
    options.idle_connection_timeout = std::chrono::seconds(60);
    AsyncHTTPClient client(options);
    loop.run_sync(client.fetch(server.url()));
    clock.advance(std::chrono::seconds(59));
    loop.run_sync(client.fetch(server.url()));
    CHECK(server.accepted == 1);
    clock.advance(std::chrono::seconds(59));  // 118 s after the first, 59 after the second
    loop.run_sync(turns(100));
    CHECK(server.connections() == 1);
    clock.advance(std::chrono::seconds(1));
    for (int i = 0; i < 100 && server.connections() > 0; ++i) loop.run_sync(turns(100));
    CHECK(server.connections() == 0);
    loop.run_sync(client.fetch(server.url()));
    CHECK(server.accepted == 2);
  }

  TEST_CASE("an idle connection time-out of 0 is none") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    ScriptedServer server;
    AsyncHTTPClient::Options options;
    options.idle_connection_timeout = Duration::zero();
    AsyncHTTPClient client(options);
    for (int i = 0; i < 2; ++i) {
      loop.run_sync(client.fetch(server.url()));
      clock.advance(std::chrono::hours(1000));
      loop.run_sync(turns(100));
    }
    CHECK(server.accepted == 1);
  }

  TEST_CASE("a client that goes away closes its idle connections") {
    IOLoop loop;
    ScriptedServer server;
    auto client = std::make_unique<AsyncHTTPClient>();
    const Task<HTTPResponse> never_started = client->fetch(server.url());
    get(loop, client->fetch(server.url()));
    CHECK(server.connections() == 1);
    client.reset();
    run_until_connections(loop, server, 0);
  }
}
