#include <funnel/web.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

TEST_SUITE("web.request_handler.framing") {
  TEST_CASE("a head that writes nothing says nothing of a body but that its length is open") {
    Site site({route<Do>("/", [](Do&) {}),
               route<Do>("/tagged", [](Do& handler) { handler.set_header("Etag", "\"mine\""); }),
               route<Do>("/length", [](Do& handler) { handler.set_content_length(5); })});
    CHECK(site.ask("HEAD", "/").bytes == plain_head + "Transfer-Encoding: chunked\r\n\r\n");
    CHECK(!site.ask("HEAD", "/").ended);
    CHECK(site.ask("HEAD", "/", "If-None-Match: *\r\n").code == 200);
    CHECK(site.ask("HEAD", "/tagged").header("Etag") == "\"mine\"");
    CHECK(!site.ask("HEAD", "/tagged").has_header("Content-Length"));
    CHECK(site.ask("HEAD", "/tagged", "If-None-Match: \"mine\"\r\n").code == 304);
    CHECK(site.ask("HEAD", "/length").header("Content-Length") == "5");
    CHECK(site.get("/").header("Content-Length") == "0");
  }

  TEST_CASE("head_from_get has the head of GET when prepare answers, too") {
    class Prepared : public RequestHandler {
     public:
      Task<> prepare() override {
        if (request().path() == "/away") {
          redirect("/");
        } else {
          finish();
        }
        return {};
      }
      void get() {}
    };
    Site site({route<Prepared>("/.*").head_from_get()});
    for (const char* path : {"/", "/away"}) {
      const Reply get = site.get(path);
      CHECK(get.header("Content-Length") == "0");
      CHECK(site.ask("HEAD", path).bytes == get.bytes);
    }
    CHECK(site.ask("HEAD", "/").has_header("Etag"));
    CHECK(site.ask("HEAD", "/", "If-None-Match: *\r\n").code == 304);
  }

  TEST_CASE("a Connection header of close ends the connection and is sent once; others are not") {
    for (const char* path : {"/whole", "/flushed"}) {
      for (const char* value : {"close", "Close", "upgrade, close", "keep-alive", "X-Hop", ""}) {
        CAPTURE(value);
        const bool closes = std::string_view(value).find("lose") != std::string_view::npos;
        const auto work = [value](Do& handler) {
          handler.set_header("Connection", value);
          handler.write("x");
        };
        Site site({route<Do>("/whole", work), route<Do>("/flushed", [work](Do& handler) {
                     work(handler);
                     handler.flush();
                   })});
        const Reply reply = site.get(path);
        CHECK(reply.body == "x");
        CHECK(reply.complete);
        CHECK(reply.header("Connection") == (closes ? "close" : "(none)"));
        CHECK(reply.ended == closes);
      }
    }
  }

  TEST_CASE("204 and 304 have no body, and nothing is said of one") {
    for (const int code : {204, 304}) {
      CAPTURE(code);
      for (const bool flushed : {false, true}) {
        Site site(one([&](Do& handler) {
          handler.set_status(code);
          handler.set_header("Content-Language", "en");
          handler.set_header("Content-Encoding", "gzip");
          handler.set_header("X-Other", "1");
          if (flushed) handler.flush();
        }));
        const Reply reply = site.get("/");
        CHECK(reply.fields == "Server: funnel/0.1\r\nX-Other: 1\r\n");
        CHECK(reply.bytes.ends_with("\r\n\r\n"));
        CHECK(!reply.ended);
      }
      Site site(one([&](Do& handler) {
        handler.set_status(code);
        handler.write("a body");
      }));
      CHECK(site.get("/").code == 500);
      CHECK(site.logged("an answer with status " + std::to_string(code) + " has no body"));
    }
  }

  TEST_CASE("a body of announced length is sent as it is, in pieces") {
    Site site(one([](Do& handler) {
      handler.set_content_length(8);
      handler.write("asdf");
      handler.flush();
      handler.write("qwer");
    }));
    CHECK(site.get("/").bytes == plain_head + "Content-Length: 8\r\n\r\nasdfqwer");
    CHECK(site.ask("HEAD", "/").bytes == plain_head + "Content-Length: 8\r\n\r\n");
  }

  TEST_CASE("a body that is not of the announced length cuts the connection off and is logged") {
    struct Row {
      std::uint64_t length;
      bool flushed;
      const char* message;
    };
    for (const Row& row : {Row{42, false, "tried to write 37 bytes less than Content-Length"},
                           Row{42, true, "tried to write 37 bytes less than Content-Length"},
                           Row{2, false, "tried to write more data than Content-Length"},
                           Row{2, true, "tried to write more data than Content-Length"}}) {
      Site site(one([&](Do& handler) {
        handler.set_content_length(row.length);
        handler.write("hello");
        if (row.flushed) handler.flush();
      }));
      const Reply reply = site.get("/");
      CHECK(reply.ended);
      CHECK(!reply.complete);
      CHECK(reply.body.find("hello\r") == std::string::npos);
      CHECK(site.logged(row.message));
    }
  }
}
