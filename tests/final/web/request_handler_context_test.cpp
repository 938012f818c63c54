#include <funnel/web.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

TEST_SUITE("web.request_handler.context") {
  TEST_CASE("a handler that asks for its request in its constructor is told not to") {
    class Curious : public RequestHandler {
     public:
      Curious() { write(request().path()); }
      void get() {}
    };
    class Asking : public RequestHandler {
     public:
      Asking() { write(application().settings().server_name); }
      void get() {}
    };
    Site site({route<Curious>("/"), route<Asking>("/app")});
    const std::string why = ": a handler has no request in its constructor: use prepare()";
    CHECK(site.get("/").code == 500);
    CHECK(site.logged("GET / (192.0.2.1): request" + why));
    CHECK(site.get("/app").code == 500);
    CHECK(site.logged("GET /app (192.0.2.1): application" + why));
  }

  TEST_CASE("a handler that answers in its constructor is told not to") {
    class Hasty : public RequestHandler {
     public:
      explicit Hasty(const std::function<void(RequestHandler&)>& work) { work(*this); }
      void get() {}
    };
    struct Row {
      const char* name;
      std::function<void(RequestHandler&)> work;
    };
    const std::vector<Row> rows = {
        {"finish", [](RequestHandler& h) { h.finish("x"); }},
        {"flush", [](RequestHandler& h) { h.flush(); }},
        {"redirect", [](RequestHandler& h) { h.redirect("/"); }},
        {"send_error", [](RequestHandler& h) { h.send_error(404); }},
        {"application", [](RequestHandler& h) { (void)h.get_argument("a", ""); }},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      Site site({route<Hasty>("/", row.work)});
      CHECK(site.get("/").code == 500);
      CHECK(site.logged(std::string(row.name) +
                        ": a handler has no request in its constructor: use prepare()"));
    }
  }

  TEST_CASE("what the request returned is valid across every wait") {
    Site site({route<Await>("/[a-z]+", [](Await& handler) -> Task<> {
      const std::string_view path = handler.request().path();
      const std::string_view query = handler.request().query();
      const std::string_view value = handler.request().header("X-A").value_or("");
      for (int i = 0; i < 10; ++i) co_await gen::sleep(1s);
      handler.write(std::string(path) + "?" + std::string(query) + " " + std::string(value));
    })});
    raw::Client client = site.fixture.connect();
    client.send(Site::head("GET", "/path?query", "X-A: value\r\n"));
    for (int i = 0; i < 10; ++i) {
      client.send("GET /other HTTP/1.1\r\nHost: h\r\nX-Filler: " + std::string(3000, 'x') +
                  "\r\n\r\n");
      site.fixture.pass(1s);
    }
    CHECK(client.answers().at(0).body == "/path?query value");
  }

  TEST_CASE("a path argument lives as long as its handler, as a view too") {
    class View : public RequestHandler {
     public:
      Task<> get(std::string_view text) {
        co_await gen::sleep(1s);
        write(text);
      }
    };
    Site site({route<View>("/(.*)")});
    raw::Client client = site.fixture.connect();
    const std::string text(100, 'v');
    client.send(Site::head("GET", "/" + text));
    site.fixture.pass(1s);
    CHECK(Site::reply(client).body == text);
  }
}
