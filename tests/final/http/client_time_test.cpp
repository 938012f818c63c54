#include <funnel/simple_httpclient.h>

#include <funnel/gen.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "../core/support.h"
#include "client_support.h"

using namespace funnel;
using namespace client_tests;
using std::chrono::seconds;

namespace {

/// Never finds a name; says when it was asked.
class SilentResolver final : public Resolver {
 public:
  explicit SilentResolver(std::function<void()> asked) : asked_(std::move(asked)) {}

  Task<std::vector<Address>> resolve(std::string, std::uint16_t) override {
    IOLoop::current().add_callback(asked_);
    auto found = co_await never_.future();
    co_return found;
  }

 private:
  std::function<void()> asked_;
  Promise<std::vector<Address>> never_;
};

AsyncHTTPClient::Options one_client() {
  AsyncHTTPClient::Options options;
  options.max_clients = 1;
  return options;
}

Task<> note(Task<HTTPResponse> fetch, std::string name, std::vector<std::string>& log) {
  try {
    const HTTPResponse response = co_await std::move(fetch);
    log.push_back(name + " " + response.body);
  } catch (const std::exception& error) {
    log.push_back(name + " " + error.what());
  }
}

}  // namespace

TEST_SUITE("http.client.time") {
  TEST_CASE("a server that never answers: the request times out and its connection is closed") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    ScriptedServer server({{hanging("HTTP/1.1 200 OK\r\n")}});
    AsyncHTTPClient client;
    server.on_request = [&](const std::string&) { clock.advance(seconds(20)); };
    CHECK(error_of<HTTPTimeoutError>(loop, client.fetch(server.url())) ==
          "Timeout during request: " + server.host() + ", after 20 s");
    for (int i = 0; i < 100 && server.connections() > 0; ++i) testing::run_ready(loop);
    CHECK(server.connections() == 0);
  }

  TEST_CASE("an answer in time is taken, however late the request is looked at again") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    ScriptedServer server;
    AsyncHTTPClient client;
    server.on_request = [&](const std::string&) { clock.advance(seconds(19)); };
    CHECK(loop.run_sync(client.fetch(server.url())).request_time == seconds(19));
    CHECK(loop.run_sync(client.fetch(server.url())).request_time == seconds(19));
  }

  TEST_CASE("the time of a request counts for all of its redirects together") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    ScriptedServer server({{redirect(302, "/b"), redirect(302, "/c"), ok()}});
    AsyncHTTPClient client;
    server.on_request = [&](const std::string&) { clock.advance(seconds(7)); };
    CHECK(error_of<HTTPTimeoutError>(loop, client.fetch(server.url())) ==
          "Timeout during request: " + server.host() + ", after 21 s");
    CHECK(server.requests.size() == 3);
  }

  TEST_CASE("the time for connecting covers the name look-up, and counts anew for each hop") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    SilentResolver silent([&] { clock.advance(seconds(3)); });
    OverrideResolver names({{"known", {Address("127.0.0.1", 0)}}}, silent);
    AsyncHTTPClient client(AsyncHTTPClient::Options(), names);
    HTTPRequest request("http://nobody/");
    request.connect_timeout = seconds(3);
    CHECK(error_of<HTTPTimeoutError>(loop, client.fetch(request)) ==
          "Timeout while connecting: nobody:80, after 3 s");

    ScriptedServer server({{redirect(302, "http://nobody/")}});
    server.on_request = [&](const std::string&) { clock.advance(seconds(10)); };
    request.url = "http://known:" + std::to_string(server.port()) + "/";
    CHECK(error_of<HTTPTimeoutError>(loop, client.fetch(request)) ==
          "Timeout while connecting: nobody:80, after 13 s");
  }

  TEST_CASE("the time for connecting counts anew when a request is sent again") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    ScriptedServer server({{ok(), closing()}, {ok("again")}});
    AsyncHTTPClient client;
    HTTPRequest request(server.url());
    request.request_timeout = Duration::zero();
    server.on_request = [&](const std::string&) { clock.advance(seconds(30)); };
    loop.run_sync(client.fetch(request));
    CHECK(loop.run_sync(client.fetch(request)).body == "again");
  }

  TEST_CASE("the time of the request ends connecting too") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    SilentResolver silent([&] { clock.advance(seconds(5)); });
    AsyncHTTPClient client(AsyncHTTPClient::Options(), silent);
    HTTPRequest request("http://nobody/");
    request.request_timeout = seconds(5);
    CHECK(contains(error_of<HTTPTimeoutError>(loop, client.fetch(request)),
                   "Timeout while connecting: nobody:80"));
  }

  TEST_CASE("a time-out of 0 is none") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    ScriptedServer server;
    AsyncHTTPClient client;
    server.on_request = [&](const std::string&) { clock.advance(std::chrono::hours(1000)); };
    HTTPRequest request(server.url());
    request.connect_timeout = request.request_timeout = Duration::zero();
    CHECK(loop.run_sync(client.fetch(request)).body == "ok");
  }

  TEST_CASE("fetches that wait in the queue go in order, and may time out there") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    ScriptedServer server({{ok("1"), ok("2"), ok("3")}});
    AsyncHTTPClient client(one_client());
    std::vector<std::string> log;
    HTTPRequest hurried(server.url("/hurried"));
    hurried.connect_timeout = seconds(2);
    server.on_request = [&](const std::string&) { clock.advance(seconds(3)); };
    std::vector<Task<>> all;
    all.push_back(note(client.fetch(server.url("/a")), "a", log));
    all.push_back(note(client.fetch(hurried), "hurried", log));
    all.push_back(note(client.fetch(server.url("/b")), "b", log));
    all.push_back(note(client.fetch(server.url("/c")), "c", log));
    loop.run_sync(gen::multi(std::move(all)));
    const std::string timed_out =
        "hurried Timeout in request queue: " + server.host() + ", after 3 s";
    CHECK(std::erase(log, timed_out) == 1);
    CHECK(log == std::vector<std::string>{"a 1", "b 2", "c 3"});
    CHECK(server.requests.size() == 3);
    CHECK(server.accepted == 1);
  }

  TEST_CASE("the time in the queue counts for the request") {
    testing::ManualClock clock;
    IOLoop loop(clock);
    ScriptedServer server;
    AsyncHTTPClient client(one_client());
    server.on_request = [&](const std::string&) { clock.advance(seconds(12)); };
    std::vector<std::string> log;
    std::vector<Task<>> both;
    both.push_back(note(client.fetch(server.url("/a")), "a", log));
    both.push_back(note(client.fetch(server.url("/b")), "b", log));
    loop.run_sync(gen::multi(std::move(both)));
    CHECK(log == std::vector<std::string>{
                     "a ok", "b Timeout during request: " + server.host() + ", after 24 s"});
  }

  TEST_CASE("no more than the allowed fetches run at a time") {
    IOLoop loop;
    ScriptedServer server;
    AsyncHTTPClient::Options options;
    options.max_clients = 2;
    AsyncHTTPClient client(options);
    std::vector<Task<HTTPResponse>> all;
    all.reserve(20);
    for (int i = 0; i < 20; ++i) all.push_back(client.fetch(server.url()));
    loop.run_sync(gen::multi(std::move(all)), time_limit);
    CHECK(server.requests.size() == 20);
    CHECK(server.accepted == 2);
  }

  TEST_CASE("a fetch that is cancelled closes its connection and lets the next one go on") {
    IOLoop loop;
    ScriptedServer server(
        {{hanging("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")}, {ok("2")}});
    AsyncHTTPClient client(one_client());
    CancelSource scope;
    std::vector<std::string> log;
    server.on_request = [&](const std::string& request) {
      if (contains(request, "/first")) scope.cancel();
    };
    std::vector<Task<>> both;
    both.push_back(
        note(gen::with_token(scope.token(), client.fetch(server.url("/first"))), "first", log));
    both.push_back(note(client.fetch(server.url("/second")), "second", log));
    loop.run_sync(gen::multi(std::move(both)), time_limit);
    REQUIRE(log.size() == 2);
    CHECK(contains(log[0], "first Operation canceled"));
    CHECK(log[1] == "second 2");
    CHECK(server.accepted == 2);
    CHECK(server.connections() == 1);
  }

  TEST_CASE("a fetch that is cancelled just when its turn comes sends nothing") {
    IOLoop loop;
    ScriptedServer server;
    AsyncHTTPClient client(one_client());
    CancelSource scope;
    std::vector<std::string> log;
    const auto then_cancel = [](Task<HTTPResponse> fetch, CancelSource& other) -> Task<> {
      co_await std::move(fetch);
      other.cancel();
    };
    std::vector<Task<>> both;
    both.push_back(then_cancel(client.fetch(server.url()), scope));
    both.push_back(note(gen::with_token(scope.token(), client.fetch(server.url())), "second", log));
    loop.run_sync(gen::multi(std::move(both)), time_limit);
    CHECK(log == std::vector<std::string>{"second Operation canceled"});
    CHECK(get(loop, client.fetch(server.url())).body == "ok");
    CHECK(server.requests.size() == 2);
  }

  TEST_CASE("a fetch that is destroyed closes its connection and lets the next one go on") {
    IOLoop loop;
    ScriptedServer server({{hanging()}, {ok("2")}});
    AsyncHTTPClient client(one_client());
    bool asked = false;
    server.on_request = [&](const std::string&) { asked = true; };
    std::vector<std::string> log;
    core_tests::Started first(note(client.fetch(server.url("/first")), "first", log));
    while (!asked) testing::run_ready(loop);
    first.destroy();
    CHECK(log.empty());
    CHECK(get(loop, client.fetch(server.url("/second"))).body == "2");
    CHECK(server.accepted == 2);
    CHECK(server.connections() == 1);
  }
}
