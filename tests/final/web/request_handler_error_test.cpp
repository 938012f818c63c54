#include <funnel/web.h>

#include <fmt/format.h>

#include <stdexcept>
#include <string>

#include "site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

namespace {

/// A handler whose pages of errors are its own.
class OwnPages : public Do {
 public:
  using Do::Do;
  void set_default_headers() override { set_header("X-Default", "here"); }
  void write_error(int status_code, const std::exception_ptr& error) override {
    std::string text = std::to_string(status_code);
    try {
      if (error) std::rethrow_exception(error);
    } catch (const std::exception& exception) {
      text += std::string(": ") + exception.what();
    }
    finish(text);
  }
};

}  // namespace

TEST_SUITE("web.request_handler.error") {
  TEST_CASE("an HTTPError becomes a page of its status") {
    struct Row {
      int status;
      const char* line;
      std::size_t length;
    };
    for (const Row& row : {Row{400, "400 Bad Request", 73}, Row{403, "403 Forbidden", 69},
                           Row{404, "404 Not Found", 69}, Row{500, "500 Internal Server Error", 93},
                           Row{435, "435 Unknown", 65}}) {
      Site site(one([&](Do&) { throw HTTPError(row.status); }));
      const Reply reply = site.get("/");
      std::string text = row.line;
      CHECK(reply.status_line() == "HTTP/1.1 " + text);
      text.insert(3, ":");
      CHECK(reply.body == fmt::format("<html><title>{0}</title><body>{0}</body></html>", text));
      CHECK(reply.body.size() == row.length);
      CHECK(reply.header("Content-Type") == "text/html; charset=UTF-8");
      CHECK(!reply.has_header("Etag"));
      CHECK(!reply.ended);
    }
  }

  TEST_CASE("the client sees the reason of an HTTPError; the message goes to the log only") {
    Site site(one([](Do&) { throw HTTPError(682, "the secret cause", "Foo"); }));
    const Reply reply = site.get("/");
    CHECK(reply.status_line() == "HTTP/1.1 682 Foo");
    CHECK(reply.body == "<html><title>682: Foo</title><body>682: Foo</body></html>");
    CHECK(reply.bytes.find("secret") == std::string::npos);
    CHECK(site.fixture.log.records().at(0).logger == "general");
    CHECK(site.fixture.log.records().at(0).level == log::Level::warning);
    CHECK(site.fixture.log.records().at(0).message == "682 GET / (192.0.2.1): the secret cause");
    CHECK(std::string(HTTPError(682, "cause", "Foo").what()) == "HTTP 682: Foo (cause)");
    CHECK(std::string(HTTPError(404).what()) == "HTTP 404: Not Found");
  }

  TEST_CASE("an HTTPError without a message is not logged, but for the access") {
    Site site(one([](Do&) { throw HTTPError(404); }));
    site.get("/");
    CHECK(site.fixture.log.size() == 1);
    CHECK(site.fixture.log.records().at(0).logger == "access");
  }

  TEST_CASE("a reason that could do harm is not sent") {
    for (const char* reason :
         {"a\r\nX-Injected: yes", "<script>alert(1)</script>", "a\nb", "a\x7F"}) {
      Site site(one([&](Do&) { throw HTTPError(400, "", reason); }));
      const Reply reply = site.get("/");
      CHECK(reply.status_line() == "HTTP/1.1 400 Unknown");
      CHECK(reply.body == "<html><title>400: Unknown</title><body>400: Unknown</body></html>");
      CHECK(!reply.has_header("X-Injected"));
    }
    Site site(one([](Do&) { throw HTTPError(400, "", "a & \"b\""); }));
    CHECK(site.get("/").status_line() == "HTTP/1.1 400 a & \"b\"");
    CHECK(site.get("/").body.find("400: a &amp; &quot;b&quot;") != std::string::npos);
  }

  TEST_CASE("an HTTPError with a number that is no status is the handler's error") {
    for (const int status : {0, 42, 99, 1000, -1}) {
      CAPTURE(status);
      CHECK_THROWS_AS(throw HTTPError(status), std::invalid_argument);
      Site site(one([&](Do&) { throw HTTPError(status); }));
      CHECK(site.get("/").code == 500);
      CHECK(site.logged("HTTPError: " + std::to_string(status) + " is no HTTP status"));
    }
  }

  TEST_CASE("an HTTPError with a status that has no body has no page and no complaint") {
    for (const int status : {204, 304}) {
      Site site(one([&](Do&) { throw HTTPError(status); }));
      const Reply reply = site.get("/");
      CHECK(reply.code == status);
      CHECK(reply.body.empty());
      CHECK(!reply.has_header("Content-Type"));
      CHECK(site.fixture.log.size() == 1);
    }
  }

  TEST_CASE("any other exception becomes a 500 that says nothing, and is logged") {
    Site site({route<Do>("/", [](Do&) { throw std::runtime_error("the secret cause"); }),
               route<Do>("/int", [](Do&) { throw 42; }),
               route<Await>("/await", [](Await&) -> Task<> {
                 co_await gen::sleep(0s);
                 throw std::runtime_error("later");
               })});
    for (const char* path : {"/", "/int", "/await"}) {
      const Reply reply = site.get(path);
      CHECK(reply.status_line() == "HTTP/1.1 500 Internal Server Error");
      CHECK(reply.body ==
            "<html><title>500: Internal Server Error</title>"
            "<body>500: Internal Server Error</body></html>");
      CHECK(!reply.ended);
    }
    const auto records = site.fixture.log.records();
    CHECK(records.at(0).message == "Uncaught exception GET / (192.0.2.1): the secret cause");
    CHECK(records.at(0).logger == "app");
    CHECK(records.at(0).level == log::Level::error);
    CHECK(records.at(2).message == "Uncaught exception GET /int (192.0.2.1)");
    CHECK(records.at(4).message == "Uncaught exception GET /await (192.0.2.1): later");
  }

  TEST_CASE("an error drops what was written and set, but not the default headers") {
    Site site({route<OwnPages>("/", [](Do& handler) {
      handler.write("half of");
      handler.set_header("X-Own", "x");
      handler.set_header("X-Default", "changed");
      handler.set_header("Content-Type", "text/plain");
      handler.set_status(201, "Made");
      handler.set_content_length(7);
      throw HTTPError(403);
    })});
    const Reply reply = site.get("/");
    CHECK(reply.status_line() == "HTTP/1.1 403 Forbidden");
    CHECK(reply.body == "403: HTTP 403: Forbidden");
    CHECK(!reply.has_header("X-Own"));
    CHECK(reply.header("X-Default") == "here");
    CHECK(reply.header("Content-Type") == "text/html; charset=UTF-8");
    CHECK(reply.header("Content-Length") == std::to_string(reply.body.size()));
  }

  TEST_CASE("write_error gets the status and the exception, whatever it is") {
    Site site({route<OwnPages>("/http", [](Do&) { throw HTTPError(410, "why"); }),
               route<OwnPages>("/other", [](Do&) { throw std::runtime_error("cause"); }),
               route<OwnPages>("/send", [](Do& handler) { handler.send_error(503); })});
    CHECK(site.get("/http").body == "410: HTTP 410: Gone (why)");
    CHECK(site.get("/other").body == "500: cause");
    CHECK(site.get("/send").body == "503");
    CHECK(site.get("/send").header("X-Default") == "here");
    const Reply unknown_method = site.ask("FOO", "/http");
    CHECK(unknown_method.body == "405");
    CHECK(unknown_method.header("X-Default") == "here");
    CHECK(unknown_method.has_header("Allow"));
  }

  TEST_CASE("a page of an error that fails is an empty page of that status") {
    class Failing : public Do {
     public:
      using Do::Do;
      void write_error(int, const std::exception_ptr&) override {
        write("half a page");
        throw std::runtime_error("in write_error");
      }
    };
    Site site({route<Failing>("/", [](Do&) { throw HTTPError(403); })});
    for (const char* method : {"GET", "FOO"}) {
      const Reply reply = site.ask(method, "/");
      CHECK(reply.code == (std::string_view(method) == "GET" ? 403 : 405));
      CHECK(reply.header("Content-Length") == "0");
      CHECK(reply.body.empty());
      CHECK(!reply.ended);
      CHECK(site.logged("Uncaught exception in write_error, " + std::string(method) +
                        " / (192.0.2.1): in write_error"));
      site.fixture.log.clear();
    }
  }

  TEST_CASE("a page of an error that cannot be finished is an empty page of that status") {
    class Unfinishable : public Do {
     public:
      using Do::Do;
      void write_error(int status_code, const std::exception_ptr&) override {
        if (status_code == 403) set_status(204);
        if (status_code == 404) set_content_length(10);
        write("a page");
      }
    };
    Site site({route<Unfinishable>("/status", [](Do&) { throw HTTPError(403); }),
               route<Unfinishable>("/length", [](Do&) { throw HTTPError(404); })});
    const Reply reply = site.get("/status");
    CHECK(reply.code == 403);
    CHECK(reply.header("Content-Length") == "0");
    CHECK(!reply.ended);
    CHECK(site.logged("in write_error, GET /status (192.0.2.1): an answer with status 204"));
    CHECK(site.logged("403 GET /status"));
    const Reply cut = site.get("/length");  // the wrong length was sent already
    CHECK(!cut.complete);
    CHECK(cut.ended);
    CHECK(site.logged("in write_error, GET /length (192.0.2.1): tried to write 4 bytes less"));
    CHECK(site.logged("404 GET /length"));
  }

  TEST_CASE("set_default_headers that throws leads to a page without them, and to on_finish") {
    class Headless : public Do {
     public:
      Headless(std::string what, int& finished)
          : Do([](Do&) { FAIL("get must not run"); }), what_(std::move(what)), ended_(finished) {}
      void set_default_headers() override {
        set_header("X-Half", "set");
        if (what_ == "42") throw 42;
        if (what_ == "503") throw HTTPError(503);
        throw std::runtime_error(what_);
      }
      void on_finish() override { ++ended_; }

     private:
      std::string what_;
      int& ended_;
    };
    int ended = 0;
    Site site({route<Headless>("/", "no headers", std::ref(ended)),
               route<Headless>("/42", "42", std::ref(ended)),
               route<Headless>("/503", "503", std::ref(ended))});
    for (const char* path : {"/", "/42", "/503"}) {
      const int code = std::string_view(path) == "/503" ? 503 : 500;
      const Reply reply = site.get(path);
      CHECK(reply.code == code);
      CHECK(reply.complete);
      CHECK(!reply.ended);
      CHECK(!reply.has_header("X-Half"));
      CHECK(reply.header("Server") == "funnel/0.1");
      const std::string request = std::string("GET ") + path + " (192.0.2.1)";
      CHECK(site.logged("Uncaught exception in set_default_headers, " + request));
      CHECK(site.fixture.log.records().back().message.starts_with(std::to_string(code) + " " +
                                                                  request));
    }
    CHECK(ended == 3);
    CHECK(site.logged("Uncaught exception GET / (192.0.2.1): no headers"));
  }

  TEST_CASE("a method that is not there cuts off what prepare has begun to send") {
    class Begun : public RequestHandler {
     public:
      Task<> prepare() override {
        write("begun");
        co_await flush();
      }
      void get() {}
    };
    Site site({route<Begun>("/")});
    const Reply reply = site.ask("POST", "/");
    CHECK(reply.code == 200);
    CHECK(!reply.complete);
    CHECK(reply.ended);
    CHECK(site.logged("Cannot send error response after headers written: 405 POST / (192.0.2.1)"));
    CHECK(!site.logged("Uncaught exception"));
  }

  TEST_CASE("a page of an error may be flushed, and is cut off if it fails after that") {
    class Streaming : public Do {
     public:
      using Do::Do;
      void write_error(int status_code, const std::exception_ptr&) override {
        write("begin ");
        flush();
        write("end");
        if (status_code == 500) throw std::runtime_error("in write_error");
      }
    };
    Site site({route<Streaming>("/whole", [](Do&) { throw HTTPError(403); }),
               route<Streaming>("/cut", [](Do&) { throw HTTPError(500); })});
    const Reply whole = site.get("/whole");
    CHECK(whole.code == 403);
    CHECK(whole.body == "begin end");
    CHECK(whole.complete);
    const Reply cut = site.get("/cut");
    CHECK(!cut.complete);
    CHECK(cut.ended);
  }

  TEST_CASE("an error after flush cuts the connection off, so that the client notices") {
    Site site({route<Do>("/",
                         [](Do& handler) {
                           handler.write("half");
                           handler.flush();
                           throw HTTPError(404);
                         }),
               route<Await>("/await", [](Await& handler) -> Task<> {
                 handler.write("half");
                 co_await handler.flush();
                 co_await gen::sleep(0s);
                 throw std::runtime_error("cause");
               })});
    for (const char* path : {"/", "/await"}) {
      const Reply reply = site.get(path);
      CHECK(reply.ended);
      CHECK(!reply.complete);
      CHECK(reply.bytes.find("0\r\n\r\n") == std::string::npos);
    }
    CHECK(
        site.logged("Cannot send error response after headers written: 404 GET / (192.0.2.1): "
                    "HTTP 404: Not Found"));
    CHECK(
        site.logged("Cannot send error response after headers written: 500 GET /await "
                    "(192.0.2.1): cause"));
    CHECK(site.logged("Uncaught exception GET /await (192.0.2.1): cause"));
  }

  TEST_CASE("an error after finish is logged, and the answer and the connection stay as they are") {
    Site site(one([](Do& handler) {
      handler.finish("whole");
      throw std::runtime_error("too late");
    }));
    const Reply reply = site.get("/");
    CHECK(reply.code == 200);
    CHECK(reply.body == "whole");
    CHECK(!reply.ended);
    CHECK(site.logged("Uncaught exception GET / (192.0.2.1): too late"));
  }

  TEST_CASE("send_error answers at once, with the reason of the exception that it is given") {
    Site site({route<Do>("/",
                         [](Do& handler) {
                           handler.write("dropped");
                           handler.send_error(
                               418, std::make_exception_ptr(HTTPError(418, "", "Teapot")));
                         }),
               route<Do>("/bad", [](Do& handler) { handler.send_error(42); })});
    const Reply reply = site.get("/");
    CHECK(reply.status_line() == "HTTP/1.1 418 Teapot");
    CHECK(reply.body.find("dropped") == std::string::npos);
    CHECK(site.get("/bad").code == 500);
  }

  TEST_CASE("an error is answered on a connection that goes on") {
    Site site({route<Do>("/good", [](Do& handler) { handler.write("good"); }),
               route<Do>("/bad", [](Do&) { throw std::runtime_error("x"); })});
    raw::Client client = site.fixture.connect();
    client.send(Site::head("GET", "/bad") + Site::head("GET", "/none") +
                Site::head("GET", "/good"));
    const auto answers = client.answers();
    REQUIRE(answers.size() == 3);
    CHECK(answers[0].code == 500);
    CHECK(answers[1].code == 404);
    CHECK(answers[2].body == "good");
  }
}
