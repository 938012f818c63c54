#include "web/etag.h"

#include <funnel/web.h>

#include <string>
#include <string_view>

#include "site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

namespace {

const std::string hello = "\"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\"";

/// A handler that sets a tag of its own.
Route tagged(const char* etag) {
  return route<Do>("/", [etag](Do& handler) {
    handler.set_header("Etag", etag);
    handler.write("body");
  });
}

}  // namespace

TEST_SUITE("web.etag") {
  TEST_CASE("the tag of a body is its SHA-1 in hexadecimal digits and quotes") {
    CHECK(etag_of("hello") == hello);
    CHECK(etag_of("") == "\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"");
    CHECK(etag_of(std::string(1'000'000, 'a')) == "\"34aa973cd4c4daa4f61eeb2bdbad27316534016f\"");
  }

  TEST_CASE("a tag is found in a list, weak or not, and the asterisk names any") {
    struct Row {
      std::string_view wanted;
      std::string_view etag;
      bool matches;
    };
    for (const Row& row : {
             Row{R"("xyzzy")", R"("xyzzy")", true},
             Row{R"("xyzzy1")", R"("xyzzy")", false},
             Row{R"("xyzz")", R"("xyzzy")", false},
             Row{R"("xyzzy1", "xyzzy2")", R"("xyzzy1")", true},
             Row{R"("xyzzy1", "xyzzy2")", R"("xyzzy2")", true},
             Row{R"("xyzzy1","xyzzy2" ,"c")", R"("c")", true},
             Row{R"("xyzzy1", "xyzzy2")", R"("xyzzy3")", false},
             Row{R"(W/"xyzzy1")", R"("xyzzy1")", true},
             Row{R"("xyzzy1")", R"(W/"xyzzy1")", true},
             Row{R"(W/"xyzzy1")", R"(W/"xyzzy1")", true},
             Row{R"("a", W/"b")", R"("b")", true},
             Row{R"(W/"xyzzy1", W/"xyzzy2")", R"("xyzzy3")", false},
             Row{R"("a,b", "c")", R"("a,b")", true},
             Row{R"("a,b")", R"("b")", false},
             Row{R"("a", "b")", R"(", ")", false},
             Row{"*", R"("xyzzy")", true},
             Row{"*", R"(W/"xyzzy")", true},
             Row{R"("*")", R"("xyzzy")", false},
             Row{"xyzzy", R"("xyzzy")", false},
             Row{R"("xyzzy)", R"("xyzzy")", false},
             Row{R"("")", R"("")", true},
             Row{"", R"("xyzzy")", false},
             Row{R"("XYZZY")", R"("xyzzy")", false},
         }) {
      CAPTURE(row.wanted);
      CAPTURE(row.etag);
      CHECK(etag_matches(row.wanted, row.etag) == row.matches);
    }
  }

  TEST_CASE("GET and HEAD become 304 when the client has the body; other methods do not") {
    Site site({route<Do>("/", [](Do& handler) { handler.write("hello"); })});
    for (const char* method : {"GET", "HEAD"}) {
      CHECK(site.ask(method, "/").header("Etag") == hello);
      CHECK(site.ask(method, "/", "If-None-Match: " + hello + "\r\n").code == 304);
      CHECK(site.ask(method, "/", "If-None-Match: W/\"a\", W/" + hello + "\r\n").code == 304);
      CHECK(site.ask(method, "/", "If-None-Match: *\r\n").code == 304);
      const Reply other = site.ask(method, "/", "If-None-Match: \"other\"\r\n");
      CHECK(other.code == 200);
      CHECK(other.header("Content-Length") == "5");
    }
    for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
      const Reply reply = site.ask(method, "/", "If-None-Match: *\r\n");
      CHECK(reply.code == 200);
      CHECK(!reply.has_header("Etag"));
      CHECK(reply.body == "hello");
    }
  }

  TEST_CASE("a tag of the handler's own is kept and compared") {
    Site site({tagged("\"mine\"")});
    CHECK(site.get("/").header("Etag") == "\"mine\"");
    CHECK(site.get("/", "If-None-Match: \"mine\"\r\n").code == 304);
    CHECK(site.get("/", "If-None-Match: \"mine\"\r\n").header("Etag") == "\"mine\"");
    CHECK(site.get("/", "If-None-Match: " + etag_of("body") + "\r\n").code == 200);
  }

  TEST_CASE("only whole answers with status 200 get a tag") {
    Site site({route<Do>("/flushed",
                         [](Do& handler) {
                           handler.write("hello");
                           handler.flush();
                         }),
               route<Do>("/created",
                         [](Do& handler) {
                           handler.set_status(201);
                           handler.write("hello");
                         }),
               route<Do>("/length", [](Do& handler) {
                 handler.set_content_length(5);
                 handler.write("hello");
               })});
    for (const char* path : {"/flushed", "/created", "/length", "/nowhere"}) {
      const Reply reply = site.get(path, "If-None-Match: *\r\n");
      CHECK(!reply.has_header("Etag"));
      CHECK(reply.code != 304);
    }
  }

  TEST_CASE("tags can be switched off, but those of handlers still count") {
    Settings settings;
    settings.automatic_etag = false;
    Site site(
        {tagged("\"mine\""), route<Do>("/plain", [](Do& handler) { handler.write("hello"); })},
        settings);
    CHECK(!site.get("/plain").has_header("Etag"));
    CHECK(site.get("/plain", "If-None-Match: *\r\n").code == 200);
    CHECK(site.get("/", "If-None-Match: *\r\n").code == 304);
  }

  TEST_CASE("check_etag compares with what the request has") {
    Site site({route<Do>(
        "/", [](Do& handler) { handler.write(handler.check_etag("\"v1\"") ? "known" : "new"); })});
    CHECK(site.ask("POST", "/", "If-None-Match: \"v1\"\r\n").body == "known");
    CHECK(site.ask("POST", "/", "If-None-Match: \"v2\"\r\n").body == "new");
    CHECK(site.ask("POST", "/").body == "new");
  }
}
