#include <funnel/httpclient.h>

#include <funnel/gen.h>

#include <doctest/doctest.h>

#include <atomic>
#include <exception>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <type_traits>

#include "client_support.h"

using namespace funnel;
using namespace client_tests;

namespace {

/// Runs `blocking` on a thread of its own while `loop` serves.
void serve_meanwhile(IOLoop& loop, const std::function<void()>& blocking) {
  std::exception_ptr error;
  std::thread thread([&] {
    try {
      blocking();
    } catch (...) {
      error = std::current_exception();
    }
    loop.add_callback([&loop] { loop.stop(); });
  });
  loop.start();
  thread.join();
  if (error) std::rethrow_exception(error);
}

static_assert(!std::is_convertible_v<std::string, HTTPRequest>);
static_assert(!std::is_copy_constructible_v<HTTPClient>);

}  // namespace

TEST_SUITE("http.httpclient") {
  TEST_CASE("only a response with success can be let through") {
    HTTPResponse response;
    response.reason = "Reason";
    response.effective_url = "http://h/";
    for (const int code : {200, 204, 299}) {
      response.code = code;
      CHECK_NOTHROW(response.rethrow());
    }
    for (const int code : {199, 300, 304, 404, 599}) {
      response.code = code;
      CHECK_THROWS_WITH_AS(response.rethrow(),
                           ("HTTP " + std::to_string(code) + " Reason from http://h/").c_str(),
                           HTTPClientError);
    }
  }

  TEST_CASE("fetching blocks, and keeps the connection for the next call") {
    IOLoop loop;
    ScriptedServer server;
    serve_meanwhile(loop, [&] {
      HTTPClient client;
      for (int i = 0; i < 5; ++i) {
        if (client.fetch(server.url()).body != "ok") throw std::runtime_error("not ok");
      }
    });
    CHECK(server.requests.size() == 5);
    CHECK(server.accepted == 1);
  }

  TEST_CASE("errors are thrown as by the asynchronous client") {
    IOLoop loop;
    ScriptedServer server({{Step("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
                            Step("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")}});
    const std::string url = server.url();
    int code = 0;
    bool thrown = false;
    bool refused = false;
    serve_meanwhile(loop, [&] {
      HTTPClient client;
      code = client.fetch(url, false).code;
      try {
        client.fetch(url);
      } catch (const HTTPClientError&) {
        thrown = true;
      }
      try {
        client.fetch(HTTPRequest(url, "POST"));
      } catch (const std::invalid_argument&) {
        refused = true;
      }
    });
    CHECK(code == 404);
    CHECK(thrown);
    CHECK(refused);
  }

  TEST_CASE("a connection that the server closed between two calls is not used, not even by POST") {
    const RawSocket listener = RawSocket::listen_anywhere();
    const auto answer_and_end = [&listener](const std::string& body) {
      const RawSocket peer = listener.accept();
      peer.receive();
      peer.send(ok(body));
      peer.shutdown_write();
      wait_until_received(peer);
    };
    HTTPClient client;
    HTTPRequest request(url_of(listener), "POST");
    request.body = "x";
    for (const std::string body : {"1", "2"}) {
      std::future<void> server = std::async(std::launch::async, answer_and_end, body);
      std::string received;
      CHECK_NOTHROW(received = client.fetch(request).body);
      server.get();
      CHECK(received == body);
    }
  }

  TEST_CASE("inside a running loop it says what to do instead of blocking it") {
    IOLoop loop;
    std::string message;
    const auto block = [](std::string& text) -> Task<> {
      HTTPClient client;
      try {
        client.fetch("http://127.0.0.1:1/");
      } catch (const std::logic_error& error) {
        text = error.what();
      }
      co_return;
    };
    loop.run_sync(block(message));
    CHECK(message ==
          "HTTPClient::fetch would block the IOLoop that runs on this thread: await "
          "AsyncHTTPClient::fetch there");
  }

  TEST_CASE("a client does not become its thread's loop") {
    std::thread([] {
      HTTPClient client;
      IOLoop& own = IOLoop::current();
      CHECK(own.run_sync([]() -> Task<int> { co_return 1; }()) == 1);
      const std::thread::id here = std::this_thread::get_id();
      std::thread::id there;
      own.add_callback([&] { there = std::this_thread::get_id(); });
      try {
        client.fetch("http://127.0.0.1:1/");
      } catch (const std::system_error&) {
      }
      CHECK(there == std::thread::id());  // the callback waits for the thread's own loop
      own.run_sync([]() -> Task<> { co_await gen::sleep(Duration::zero()); }());
      CHECK(there == here);
      CHECK(&IOLoop::current() == &own);
    }).join();
  }
}
