#include <funnel/web.h>

#include <funnel/tcpclient.h>

#include <re2/re2.h>

#include <string>
#include <vector>

#include "site.h"
#include "support/raw_socket.h"
#include "support/time_scale.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

namespace {

std::vector<Route> says(std::string text) {
  return {route<Do>("/", [text = std::move(text)](Do& handler) { handler.write(text); })};
}

/// Asks a server that listens, and returns all that it says.
Task<std::string> fetch(std::uint16_t port, std::string request) {
  TCPClient client;
  IOStream stream = co_await client.connect("127.0.0.1", port);
  stream.write(request);
  std::string answer = co_await stream.read_until_close();
  co_return answer;
}

/// Writes until its client has left.
class Endless : public RequestHandler {
 public:
  Task<> get() {
    const std::string piece(std::size_t{64} * 1024, 'p');
    for (;;) {
      write(piece);
      co_await flush();
    }
  }
  void on_finish() override { left = true; }

  static inline bool left = false;
};

}  // namespace

TEST_SUITE("web.application") {
  TEST_CASE("each answer is one line in the access log, at the level of its status") {
    Site site({route<Do>("/ok", [](Do& handler) { handler.write("x"); }),
               route<Do>("/moved", [](Do& handler) { handler.redirect("/ok"); }),
               route<Do>("/bad", [](Do&) { throw HTTPError(403); }),
               route<Do>("/broken", [](Do& handler) { handler.send_error(500); }),
               route<Do>("/odd", [](Do& handler) { handler.send_error(499); })});
    struct Row {
      const char* method;
      const char* uri;
      int status;
      log::Level level;
    };
    for (const Row& row :
         {Row{"GET", "/ok?a=b", 200, log::Level::info}, Row{"POST", "/ok", 200, log::Level::info},
          Row{"GET", "/moved", 302, log::Level::info}, Row{"GET", "/bad", 403, log::Level::warning},
          Row{"PUT", "/none?x", 404, log::Level::warning},
          Row{"FOO", "/ok", 405, log::Level::warning}, Row{"OPTIONS", "*", 204, log::Level::info},
          Row{"GET", "/odd", 499, log::Level::warning},
          Row{"GET", "/broken", 500, log::Level::error}}) {
      CAPTURE(row.uri);
      site.fixture.log.clear();
      site.ask(row.method, row.uri);
      REQUIRE(site.fixture.log.size() == 1);
      const auto record = site.fixture.log.records().front();
      CHECK(record.logger == "access");
      CHECK(record.level == row.level);
      const std::string start =
          std::to_string(row.status) + " " + row.method + " " + row.uri + " (192.0.2.1) ";
      CHECK(record.message.substr(0, start.size()) == start);
      CHECK(RE2::FullMatch(record.message.substr(start.size()), "[0-9]+\\.[0-9]{2}ms"));
    }
  }

  TEST_CASE("the access log can be switched off") {
    Settings settings;
    settings.access_log = false;
    Site site(says("x"), settings);
    CHECK(site.get("/").code == 200);
    CHECK(site.get("/none").code == 404);
    CHECK(site.fixture.log.empty());
  }

  TEST_CASE("log_function replaces the access log and sees the handler after its answer") {
    std::vector<std::string> lines;
    Settings settings;
    settings.log_function = [&](const RequestHandler& handler) {
      lines.push_back(std::string(handler.request().uri()) + " " +
                      std::to_string(handler.get_status()) +
                      (handler.finished() ? " finished" : ""));
    };
    Site site(says("x"), settings);
    site.get("/");
    site.get("/none");
    site.ask("FOO", "/");
    CHECK(lines ==
          std::vector<std::string>{"/ 200 finished", "/none 404 finished", "/ 405 finished"});
    CHECK(site.fixture.log.empty());
  }

  TEST_CASE("the Server header has the name that is set, or is not there") {
    Settings settings;
    for (const char* name : {"mine/1", ""}) {
      settings.server_name = name;
      Site site(says("x"), settings);
      for (const char* path : {"/", "/none"}) {
        const Reply reply = site.get(path);
        CHECK(reply.code != 0);
        CHECK(reply.header("Server") == (*name == '\0' ? "(none)" : name));
      }
    }
  }

  TEST_CASE("a name of the server that could end its header's line is refused") {
    Settings settings;
    for (const char* name : {"a\r\nX-Injected: 1", "a\n", "\x7F"}) {
      settings.server_name = name;
      CHECK_THROWS_AS(Application(says("x"), settings), std::invalid_argument);
    }
  }

  TEST_CASE("a handler that cannot be made is answered with its error, and logged") {
    class Unmade : public RequestHandler {
     public:
      explicit Unmade(int status) {
        if (status == 0) throw std::runtime_error("no database");
        throw HTTPError(status, "not yet");
      }
      void get() {}
      void on_finish() override { FAIL("there is no handler"); }
    };
    Site site({route<Unmade>("/later", 503), route<Unmade>("/broken", 0)});
    const Reply later = site.get("/later");
    CHECK(later.status_line() == "HTTP/1.1 503 Service Unavailable");
    CHECK(later.header("Content-Type") == "text/html; charset=UTF-8");
    CHECK(later.body.find("503: Service Unavailable") != std::string::npos);
    CHECK(!later.ended);
    REQUIRE(site.fixture.log.size() == 2);
    CHECK(site.fixture.log.records()[0].message == "503 GET /later (192.0.2.1): not yet");
    CHECK(site.fixture.log.records()[1].message.starts_with("503 GET /later (192.0.2.1) "));
    site.fixture.log.clear();
    const Reply broken = site.get("/broken");
    CHECK(broken.code == 500);
    CHECK(broken.bytes.find("database") == std::string::npos);
    REQUIRE(site.fixture.log.size() == 2);
    CHECK(site.logged("Uncaught exception GET /broken (192.0.2.1): no database"));
    CHECK(site.fixture.log.records()[1].message.starts_with("500 GET /broken (192.0.2.1) "));
  }

  TEST_CASE("a handler knows its application") {
    Site site(
        {route<Do>("/",
                   [](Do& handler) { handler.write(handler.application().reverse_url("there")); }),
         route<Do>("/there", [](Do&) {}).name("there")});
    CHECK(site.get("/").body == "/there");
  }

  TEST_CASE("two applications in one process know nothing of each other") {
    raw::Fixture fixture([](HTTPServerRequest&, HTTPConnection&) { return Task<>(); });
    Settings quiet;
    quiet.access_log = false;
    Application one(says("one"));
    Application two(says("two"), quiet);
    HTTPServer first(
        [&](auto& request, auto& connection) { return one.handle(request, connection); });
    HTTPServer second(
        [&](auto& request, auto& connection) { return two.handle(request, connection); });
    const auto ask = [&](HTTPServer& server) {
      auto [near, far] = testing::memory_stream_pair();
      server.handle_stream(std::move(far), Address("192.0.2.2", 1));
      raw::Client client(fixture.loop, std::move(near));
      client.send(Site::head("GET", "/"));
      return client.answer().body;
    };
    CHECK(ask(first) == "one");
    CHECK(ask(second) == "two");
    CHECK(ask(first) == "one");
    CHECK(fixture.log.size() == 2);
  }

  TEST_CASE("one application serves many connections at a time") {
    Site site({route<Await>("/(?:[0-9]+)", [](Await& handler) -> Task<> {
      co_await gen::sleep(1s);
      handler.write(handler.request().path());
    })});
    std::vector<raw::Client> clients;
    for (int i = 0; i < 50; ++i) {
      clients.push_back(site.fixture.connect());
      clients.back().send(Site::head("GET", "/" + std::to_string(i)));
    }
    site.fixture.pass(1s);
    for (int i = 0; i < 50; ++i) {
      CHECK(clients[static_cast<std::size_t>(i)].answer().body == "/" + std::to_string(i));
    }
  }

  TEST_CASE("an application listens on ports and answers there") {
    const testing::LogCapture log;
    IOLoop loop;
    Application app(says("hello"));
    HTTPServer& first = app.listen(0, "127.0.0.1");
    HTTPServer& second = app.listen(0, "127.0.0.1");
    CHECK(first.port() != 0);
    CHECK(first.port() != second.port());
    const std::string request = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    for (HTTPServer* server : {&first, &second}) {
      const std::string answer =
          loop.run_sync(fetch(server->port(), request), test_support::time_limit(10s));
      CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
      CHECK(answer.ends_with("\r\n\r\nhello"));
    }
    CHECK(log.contains("200 GET / (127.0.0.1) "));
  }

  TEST_CASE("a client that resets its connection in the middle of an answer is no error") {
    Endless::left = false;
    const testing::LogCapture log;
    IOLoop loop;
    Application app({route<Endless>("/")});
    auto client = test_support::RawSocket::connect_to(app.listen(0, "127.0.0.1").port());
    client.send(Site::head("GET", "/"));
    loop.run_sync(
        [](test_support::RawSocket& c) -> Task<> {
          while (!c.readable()) co_await gen::sleep(0s);
          CHECK(c.receive().starts_with("HTTP/1.1 200 OK\r\n"));
          c.reset();
          while (!Endless::left) co_await gen::sleep(0s);
        }(client),
        test_support::time_limit(10s));
    CHECK(log.contains("200 GET / (127.0.0.1) "));
    CHECK(!log.contains("Uncaught"));
    CHECK(!log.contains("Cannot send error"));
  }

  TEST_CASE("an application that is destroyed ends the requests that run") {
    static int ended;
    ended = 0;
    class Ends {
     public:
      Ends() = default;
      Ends(const Ends&) = delete;
      Ends& operator=(const Ends&) = delete;
      ~Ends() { ++ended; }
    };
    const testing::LogCapture log;
    IOLoop loop;
    auto app = std::make_unique<Application>(
        std::vector<Route>{route<Await>("/", [](Await& handler) -> Task<> {
          const Ends ends;
          handler.write("begun");
          co_await handler.flush();
          co_await gen::sleep(1000s);
        })});
    const std::uint16_t port = app->listen(0, "127.0.0.1").port();
    TCPClient client;
    loop.run_sync(
        [](TCPClient& c, std::uint16_t p, std::unique_ptr<Application>& a) -> Task<> {
          IOStream stream = co_await c.connect("127.0.0.1", p);
          stream.write(Site::head("GET", "/"));
          co_await stream.read_until("begun");
          CHECK(ended == 0);
          a.reset();
          CHECK(ended == 1);
        }(client, port, app),
        test_support::time_limit(10s));
    CHECK(ended == 1);
  }
}
