#include <funnel/web.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "site.h"

using namespace funnel;
using namespace funnel::web;
using namespace site;

namespace {

/// What `work` throws in a handler.
std::string error_in(Do::Work work) {
  std::string message = "(no error)";
  Site site(one([&](Do& handler) {
    try {
      work(handler);
    } catch (const std::logic_error& error) {
      message = error.what();
    }
  }));
  site.get("/");
  return message;
}

}  // namespace

TEST_SUITE("web.request_handler.output") {
  TEST_CASE("an answer is status, default headers in order, Etag, length and body") {
    Site site(one([](Do& handler) { handler.write("hello"); }));
    const std::string fields =
        "Etag: \"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\"\r\nContent-Length: 5\r\n\r\n";
    CHECK(site.get("/").bytes == plain_head + fields + "hello");
    CHECK(site.ask("HEAD", "/").bytes == plain_head + fields);
    CHECK(site.ask("POST", "/", "", "x").bytes == plain_head + "Content-Length: 5\r\n\r\nhello");
    const Reply unchanged =
        site.get("/", "If-None-Match: \"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\"\r\n");
    CHECK(unchanged.bytes ==
          "HTTP/1.1 304 Not Modified\r\nServer: funnel/0.1\r\n"
          "Etag: \"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\"\r\n\r\n");
    raw::Client client = site.fixture.connect();
    client.send(Site::head("GET", "/"));
    const std::string all = client.received();
    const std::size_t date = all.find("\r\nDate: ");
    REQUIRE(date != std::string::npos);
    CHECK(date > all.find("Content-Type"));
    CHECK(date < all.find("Etag"));
    CHECK(parse_http_date(all.substr(date + 8, 29)));
  }

  TEST_CASE("a handler that says nothing answers 200 with an empty body") {
    Site site(one([](Do&) {}));
    CHECK(site.ask("POST", "/").bytes == plain_head + "Content-Length: 0\r\n\r\n");
  }

  TEST_CASE("writes are collected, also across waits") {
    Site site({route<Await>("/", [](Await& handler) -> Task<> {
      for (const char* piece : {"a", "", "b", "c"}) {
        handler.write(piece);
        co_await gen::sleep(0s);
      }
      handler.finish("d");
    })});
    CHECK(site.get("/").body == "abcd");
    CHECK(site.get("/").header("Content-Length") == "4");
  }

  TEST_CASE("flush sends what there is, in chunks") {
    Site site(one([](Do& handler) {
      handler.write("asdf");
      handler.flush();
      CHECK(handler.headers_written());
      CHECK(!handler.finished());
      handler.flush();
      handler.write("qwer");
    }));
    CHECK(site.get("/").bytes ==
          plain_head + "Transfer-Encoding: chunked\r\n\r\n4\r\nasdf\r\n4\r\nqwer\r\n0\r\n\r\n");
    CHECK(site.ask("HEAD", "/").bytes == plain_head + "Transfer-Encoding: chunked\r\n\r\n");
  }

  TEST_CASE("flush to an HTTP/1.0 client sends raw bytes up to the connection's end") {
    Site site(one([](Do& handler) {
      handler.write("asdf");
      handler.flush();
      handler.write("qwer");
    }));
    raw::Client client = site.fixture.connect();
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(raw::without_date(client.received()) == plain_head + "Connection: close\r\n\r\nasdfqwer");
    CHECK(client.ended());
  }

  TEST_CASE("what was flushed arrives before the handler goes on") {
    Site site({route<Await>("/", [](Await& handler) -> Task<> {
      handler.write("first");
      co_await handler.flush();
      co_await gen::sleep(5s);
      handler.write("second");
    })});
    raw::Client client = site.fixture.connect();
    client.send(Site::head("GET", "/"));
    CHECK(client.received().find("5\r\nfirst\r\n") != std::string::npos);
    CHECK(client.received().find("second") == std::string::npos);
    site.fixture.pass(5s);
    CHECK(client.answer().body == "firstsecond");
    CHECK(client.answer().complete);
  }

  TEST_CASE("awaiting flush keeps step with a client that does not read") {
    static int written;
    written = 0;
    Site site({route<Await>("/", [](Await& handler) -> Task<> {
      const std::string piece(std::size_t{64} * 1024, 'p');
      for (; written < 100; ++written) {
        handler.write(piece);
        co_await handler.flush();
      }
    })});
    IOStream stream = site.fixture.connect_stream();
    stream.write(Site::head("GET", "/"));
    site.fixture.run();
    const int before = written;
    CHECK(before < 10);
    std::size_t received = 0;
    for (int i = 0; i < 10'000 && written < 100; ++i) {
      const std::string bytes = site.fixture.loop.run_sync([](IOStream& s) -> Task<std::string> {
        std::string some = co_await s.read_bytes(std::size_t{16} * 1024, true);
        co_return some;
      }(stream));
      received += bytes.size();
    }
    CHECK(written == 100);
    CHECK(received > 98 * 64 * 1024);
  }

  TEST_CASE("awaiting finish keeps step with a client that does not read") {
    static bool taken;
    taken = false;
    const auto body = [](Await& handler) -> Task<> {
      handler.write(std::string(std::size_t{1024} * 1024, 'p'));
      co_await handler.finish();
      taken = true;
    };
    const auto pieces = [](Await& handler) -> Task<> {
      handler.flush();
      handler.write(std::string(std::size_t{1024} * 1024, 'p'));
      co_await handler.finish();
      taken = true;
    };
    Site site({route<Await>("/whole", body), route<Await>("/pieces", pieces)});
    for (const char* path : {"/whole", "/pieces"}) {
      taken = false;
      IOStream stream = site.fixture.connect_stream();
      stream.write(Site::head("GET", path));
      site.fixture.run();
      CHECK(!taken);
      const raw::Client client(site.fixture.loop, std::move(stream));
      site.fixture.run();
      CHECK(taken);
      CHECK(Site::reply(client).body.size() == 1024 * 1024);
    }
  }

  TEST_CASE("after finish there is nothing to write, flush or finish") {
    CHECK(error_in([](Do& h) { h.finish(), h.finish(); }) ==
          "write: the answer is finished already");
    CHECK(error_in([](Do& h) { h.finish(), h.write("x"); }) ==
          "write: the answer is finished already");
    CHECK(error_in([](Do& h) { h.finish(), h.flush(); }) ==
          "flush: the answer is finished already");
    CHECK(error_in([](Do& h) { h.flush(), h.finish(), h.finish(); }) ==
          "write: the answer is finished already");
    Site site(one([](Do& handler) {
      handler.finish("once");
      CHECK(handler.finished());
      handler.finish("twice");
    }));
    CHECK(site.get("/").body == "once");
  }

  TEST_CASE("headers cannot be changed once they are sent") {
    const std::string sent = ": the headers are sent already";
    CHECK(error_in([](Do& h) { h.flush(), h.set_header("A", "b"); }) == "set_header" + sent);
    CHECK(error_in([](Do& h) { h.flush(), h.add_header("A", "b"); }) == "add_header" + sent);
    CHECK(error_in([](Do& h) { h.flush(), h.clear_header("A"); }) == "clear_header" + sent);
    CHECK(error_in([](Do& h) { h.flush(), h.redirect("/"); }) == "redirect" + sent);
    CHECK(error_in([](Do& h) { h.flush(), h.set_content_length(1); }) ==
          "set_content_length" + sent);
    CHECK(error_in([](Do& h) { h.finish(), h.set_header("A", "b"); }) == "set_header" + sent);
  }

  TEST_CASE("headers are replaced, added and removed, whatever their case") {
    Site site(one([](Do& handler) {
      handler.set_header("X-A", "1");
      handler.set_header("x-a", "2");
      handler.add_header("Set-Cookie", "a=1");
      handler.add_header("Set-Cookie", "b=2");
      handler.set_header("X-Gone", "1");
      handler.clear_header("X-GONE");
      handler.clear_header("X-Never");
      handler.set_header("X-Empty", "");
      handler.set_header("X-Text", "tab\there \xC3\xA9");
      handler.finish();
    }));
    CHECK(site.ask("POST", "/").bytes == plain_head +
                                             "X-A: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
                                             "X-Empty: \r\nX-Text: tab\there \xC3\xA9\r\n"
                                             "Content-Length: 0\r\n\r\n");
  }

  TEST_CASE("default headers are replaced and removed like others") {
    Site site({route<Do>("/replaced",
                         [](Do& handler) {
                           handler.set_header("content-type", "text/plain");
                           handler.set_header("SERVER", "mine");
                           handler.set_header("Date", "today");
                         }),
               route<Do>("/removed", [](Do& handler) {
                 for (const char* name : {"Content-Type", "Server", "Date"}) {
                   handler.clear_header(name);
                 }
               })});
    raw::Client client = site.fixture.connect();
    client.send(Site::head("POST", "/replaced"));
    CHECK(client.take() ==
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nServer: mine\r\nDate: today\r\n"
          "Content-Length: 0\r\n\r\n");
    client.send(Site::head("POST", "/removed"));
    CHECK(client.take() == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  }

  TEST_CASE("a header that could end its line is refused") {
    for (const std::string value :
         {"a\r\nX-Injected: 1", "a\rb", "a\nb", "a\x01", "a\x7F", "\x1F"}) {
      CHECK(error_in([&](Do& h) { h.set_header("X", value); }) != "(no error)");
      CHECK(error_in([&](Do& h) { h.add_header("X", value); }) != "(no error)");
      CHECK(error_in([&](Do& h) { h.redirect(value); }) != "(no error)");
    }
    CHECK(error_in([](Do& h) { h.set_header("X", std::string("a\0b", 3)); }) != "(no error)");
    for (const char* name : {"", "a b", "a:", "a\r\nb", "\xC3\xA9"}) {
      CHECK(error_in([&](Do& h) { h.set_header(name, "x"); }) != "(no error)");
      CHECK(error_in([&](Do& h) { h.add_header(name, "x"); }) != "(no error)");
    }
    Site site(one([](Do& handler) { handler.set_header("X", "a\r\nX-Injected: 1"); }));
    const Reply reply = site.get("/");
    CHECK(reply.code == 500);
    CHECK(!reply.has_header("X-Injected"));
  }

  TEST_CASE("where an answer ends is not for a handler's headers to say") {
    for (const char* name : {"Content-Length", "content-length", "Transfer-Encoding"}) {
      CHECK(error_in([&](Do& h) { h.set_header(name, "5"); }).find("is the server's to set") !=
            std::string::npos);
      CHECK(error_in([&](Do& h) { h.add_header(name, "5"); }).find("is the server's to set") !=
            std::string::npos);
    }
  }

  TEST_CASE("a status may have a reason of its own, which is Unknown if it cannot be sent") {
    const auto line = [](int code, std::string_view reason) {
      Site site(one([&](Do& handler) {
        handler.set_status(code, reason);
        CHECK(handler.get_status() == code);
      }));
      return site.ask("POST", "/").status_line();
    };
    CHECK(line(201, "") == "HTTP/1.1 201 Created");
    CHECK(line(299, "") == "HTTP/1.1 299 Unknown");
    CHECK(line(299, "Mine") == "HTTP/1.1 299 Mine");
    CHECK(line(999, "") == "HTTP/1.1 999 Unknown");
    CHECK(line(200, "a\r\nX: 1") == "HTTP/1.1 200 Unknown");
    CHECK(line(200, "<b>") == "HTTP/1.1 200 Unknown");
    for (const int code : {-1, 0, 99, 1000}) {
      CHECK(error_in([&](Do& h) { h.set_status(code); }) ==
            "set_status: " + std::to_string(code) + " is no HTTP status");
    }
  }

  TEST_CASE("a redirect is 302, 301 or what is wanted, and says where, without a body") {
    Site site({route<Do>("/302", [](Do& h) { h.redirect("/x?y=1"); }),
               route<Do>("/301", [](Do& h) { h.redirect("http://h/", true); }),
               route<Do>("/307", [](Do& h) { h.redirect("relative", true, 307); })});
    const Reply found = site.get("/302");
    CHECK(found.status_line() == "HTTP/1.1 302 Found");
    CHECK(found.header("Location") == "/x?y=1");
    CHECK(found.header("Content-Length") == "0");
    CHECK(found.body.empty());
    CHECK(site.get("/301").status_line() == "HTTP/1.1 301 Moved Permanently");
    CHECK(site.get("/301").header("Location") == "http://h/");
    CHECK(site.get("/307").code == 307);
    CHECK(site.get("/307").header("Location") == "relative");
  }

  TEST_CASE("a redirect has the status of one") {
    for (const int code : {200, 299, 400}) {
      CHECK(error_in([&](Do& h) { h.redirect("/", false, code); }) ==
            "redirect: " + std::to_string(code) + " is no status of a redirect");
    }
  }

  TEST_CASE("a large answer arrives whole") {
    const std::string body(3'000'000, 'b');
    Site site(one([&](Do& handler) { handler.write(body); }));
    const Reply reply = site.get("/");
    CHECK(reply.header("Content-Length") == "3000000");
    CHECK(reply.body == body);
    CHECK(site.ask("HEAD", "/").header("Content-Length") == "3000000");
  }
}
