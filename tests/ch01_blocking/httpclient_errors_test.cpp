// final: yes

#include <funnel/httpclient.h>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>

#include "fetching.h"
#include "support/faulty_calls.h"
#include "support/raw_socket.h"
#include "support/readable.h"
#include "support/scripted_server.h"
#include "support/story.h"
#include "support/time_scale.h"

// Task 1.6, and the given rules: failures, and broken responses that must not pass for pages.

using fetching::Failure;
using fetching::failure_of;
using fetching::fetch;
using fetching::HTTPRequest;
using fetching::sentence;
using funnel::HTTPTimeoutError;
using funnel::ParseError;
using test_support::FaultyCalls;
using test_support::Peer;
using test_support::read_request;
using test_support::ScriptedServer;
using test_support::tell;
using test_support::time_limit;
using namespace std::chrono_literals;

namespace {

std::string with_length(const std::string& value) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + value + "\r\n\r\nhello";
}

/// Sends `text` and then nothing more, but keeps the connection open.
ScriptedServer::Script sending_and_waiting(std::string text) {
  return [text = std::move(text)](const Peer& client) {
    read_request(client);
    client.send(text);
    test_support::wait_for_end(client);
  };
}

}  // namespace

TEST_SUITE("ch01.httpclient.errors") {
  TEST_CASE("a response that is cut off is an error wherever it is cut") {
    for (const std::string& whole :
         {with_length("5"), std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n")}) {
      std::atomic<std::size_t> size = 0;
      ScriptedServer server([&](const Peer& client) {
        read_request(client);
        client.send(whole.substr(0, size));
      });
      for (; size < whole.size(); ++size) {
        const Failure failure = failure_of(server.url());
        tell("expected", "an error: the connection ended before the message did");
        REQUIRE(failure.sentence() == sentence(ParseError::truncated_message));
        REQUIRE(failure.contains(server.host_and_port()));
      }
    }
    ScriptedServer server([](const Peer& client) {
      read_request(client);
      client.send("HTTP/1.1 200 OK\r\n\r\nhello");
      test_support::reset_at_end(client);
    });
    tell("expected", "an error: a reset is no end of a body");
    CHECK(failure_of(server.url()).sentence() == sentence(std::errc::connection_reset));
  }

  TEST_CASE("a response that is ambiguous about its body's end is refused") {
    for (const auto& [text, expected] : {
             std::pair{with_length("-5"), ParseError::bad_content_length},
             {with_length("+5"), ParseError::bad_content_length},
             {with_length("5x"), ParseError::bad_content_length},
             {with_length("0x5"), ParseError::bad_content_length},
             {with_length("5 5"), ParseError::bad_content_length},
             {with_length(""), ParseError::bad_content_length},
             {with_length("18446744073709551621"), ParseError::content_length_overflow},
             {with_length("5\r\nContent-Length: 4"), ParseError::duplicate_content_length},
             {with_length("4\r\ncontent-length: 5"), ParseError::duplicate_content_length},
             {with_length("5\r\nTransfer-Encoding: chunked"),
              ParseError::length_and_transfer_encoding},
             {std::string("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
              ParseError::forbidden_body},
             {std::string("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"),
              ParseError::forbidden_body},
         }) {
      ScriptedServer server(sending_and_waiting(text));
      const Failure failure = failure_of(server.url());
      tell("expected", make_error_code(expected).message());
      REQUIRE(failure.sentence() == sentence(expected));
      REQUIRE(failure.contains(server.host_and_port()));
    }
    // A response that never has a body may have been read by a proxy that did not know that.
    const std::string unchanged = "HTTP/1.1 304 Not Modified\r\n";
    const std::string empty = "HTTP/1.1 204 No Content\r\n";
    for (const auto& [method, text, expected] : {
             std::tuple{"HEAD", with_length("5\r\nContent-Length: 4"),
                        ParseError::duplicate_content_length},
             {"HEAD", with_length("5\r\nTransfer-Encoding: chunked"),
              ParseError::length_and_transfer_encoding},
             {"HEAD", with_length("-5"), ParseError::bad_content_length},
             {"HEAD", empty + "Content-Length: 5\r\n\r\n", ParseError::forbidden_body},
             {"HEAD", empty + "Transfer-Encoding: chunked\r\n\r\n", ParseError::forbidden_body},
             {"GET", unchanged + "Content-Length: 5\r\nContent-Length: 4\r\n\r\n",
              ParseError::duplicate_content_length},
             {"GET", unchanged + "Content-Length: 5x\r\n\r\n", ParseError::bad_content_length},
         }) {
      ScriptedServer server(sending_and_waiting(text));
      tell("expected", "in a response without a body too: " + sentence(expected));
      REQUIRE(failure_of(HTTPRequest(server.url(), method)).sentence() == sentence(expected));
    }
    for (const char* head :
         {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", "HTTP/1.1 200 OK\n\n\r\n\r\n"}) {
      ScriptedServer server(sending_and_waiting(head));
      tell("expected", "an error: this is no head of a response");
      REQUIRE(failure_of(server.url()).code.category() == funnel::http_error_category());
    }
  }

  TEST_CASE("a head or a body above its limit is refused") {
    HTTPRequest request("");
    request.max_body_size = 5;
    for (const std::string& text :
         {with_length("5"), std::string("HTTP/1.1 200 OK\r\n\r\nhello")}) {
      ScriptedServer server(text);
      request.url = server.url();
      REQUIRE(fetch(request).body == "hello");
    }
    for (const std::string& text : {with_length("6"), with_length("18446744073709551615"),
                                    std::string("HTTP/1.1 200 OK\r\n\r\nhello!")}) {
      ScriptedServer server(sending_and_waiting(text));
      request.url = server.url();
      tell("expected", "an error without waiting for more: the body is too large");
      REQUIRE(failure_of(request).sentence() == sentence(ParseError::body_too_large));
      REQUIRE(server.served(1));
    }
    request.max_body_size = 0;
    ScriptedServer bodyless("HTTP/1.1 200 OK\r\n\r\n");
    request.url = bodyless.url();
    CHECK(fetch(request).body.empty());

    ScriptedServer endless_body([](const Peer& client) {
      read_request(client);
      client.send("HTTP/1.1 200 OK\r\n\r\n");
      test_support::trickle(client, std::string(100'000, 'x'), 0ms);
    });
    HTTPRequest limited(endless_body.url());
    limited.max_body_size = 1'000'000;
    CHECK(failure_of(limited).sentence() == sentence(ParseError::body_too_large));
    ScriptedServer endless_head([](const Peer& client) {
      read_request(client);
      client.send("HTTP/1.1 200 OK\r\n");
      test_support::trickle(client, "X: " + std::string(4000, 'x') + "\r\n", 0ms);
    });
    CHECK(failure_of(endless_head.url()).sentence() == sentence(ParseError::headers_too_large));
    std::string heads;
    for (int i = 0; i < 20; ++i) {
      heads += "HTTP/1.1 103 Early Hints\r\nLink: " + std::string(4000, 'x') + "\r\n\r\n";
    }
    ScriptedServer verbose(heads + with_length("5"));
    tell("expected", "the response: none of the heads before it is too large, only all together");
    CHECK(fetch(verbose.url()).body == "hello");
  }

  TEST_CASE("no server can hold a fetch beyond its deadline") {
    for (const ScriptedServer::Script& script :
         {sending_and_waiting(""),
          sending_and_waiting("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell"),
          // Each of these bytes comes in time; all of them together never do.
          ScriptedServer::Script([](const Peer& client) {
            read_request(client);
            client.send("HTTP/1.1 200 OK\r\nX: ");
            test_support::trickle(client, "x", 5ms);
          }),
          ScriptedServer::Script([](const Peer& client) {
            read_request(client);
            client.send("HTTP/1.1 200 OK\r\n\r\n");
            test_support::trickle(client, "x", 5ms);
          })}) {
      ScriptedServer server(script);
      HTTPRequest request(server.url());
      request.request_timeout = 40ms;
      tell("expected", "a timeout after 40 ms, whatever has come by then");
      const auto begin = std::chrono::steady_clock::now();
      const Failure failure = failure_of<HTTPTimeoutError>(request);
      const auto took = std::chrono::steady_clock::now() - begin;
      REQUIRE(took >= 40ms);
      REQUIRE(took < 40ms + time_limit(2s));
      REQUIRE(failure.sentence() == sentence(std::errc::timed_out));
      REQUIRE(failure.contains("Timeout during request: " + server.host_and_port()));
      tell("expected", "the connection to be closed");
      REQUIRE(server.served(1));
    }
    {
      // Only the connection has to be there by then; the rest may take as long as request_timeout.
      const auto to_connect = time_limit(150ms);
      ScriptedServer server([to_connect](const Peer& client) {
        read_request(client);
        const bool gone = test_support::client_goes(client, 2 * to_connect);
        tell("server", gone ? "sees the client go" : "responds after the time for connecting");
        client.send(with_length("5"));
      });
      HTTPRequest request(server.url());
      request.connect_timeout = to_connect;
      tell("expected", "the response: connect_timeout is for connecting only");
      CHECK(fetch(request).body == "hello");
    }
    {
      ScriptedServer server(with_length("5"));
      HTTPRequest request(server.url());
      const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(time_limit(300ms));
      request.request_timeout = limit;
      FaultyCalls calls;
      calls.delay(FaultyCalls::Call::connect, limit);
      tell("expected", "a timeout although the server responds: connecting took all the time");
      CHECK(failure_of<HTTPTimeoutError>(request).sentence() == sentence(std::errc::timed_out));
    }
    // 0 means none, and the largest time there is must not end before now.
    for (const auto limit :
         {HTTPRequest("").request_timeout.zero(), HTTPRequest("").request_timeout.max()}) {
      ScriptedServer server(with_length("5"));
      HTTPRequest request(server.url());
      request.connect_timeout = request.request_timeout = limit;
      REQUIRE(fetch(request).body == "hello");
    }
  }

  TEST_CASE("a server that cannot be reached is named with its port") {
    const std::string nobody = "127.0.0.1:" + std::to_string(test_support::refused_port());
    const Failure refused = failure_of("http://" + nobody + "/");
    CHECK(refused.sentence() == sentence(std::errc::connection_refused));
    CHECK(refused.contains(nobody));

    const test_support::HangingPort hanging;
    const std::string silent = "127.0.0.1:" + std::to_string(hanging.port());
    for (const bool by_request : {false, true}) {
      HTTPRequest request("http://" + silent + "/");
      request.connect_timeout = by_request ? test_support::patience() : 40ms;
      request.request_timeout = by_request ? 40ms : test_support::patience();
      tell("server", "its queue is full: it neither accepts nor refuses");
      tell("expected", "a timeout after 40 ms");
      const auto begin = std::chrono::steady_clock::now();
      const Failure failure = failure_of<HTTPTimeoutError>(request);
      REQUIRE(failure.contains("Timeout while connecting: " + silent));
      REQUIRE(std::chrono::steady_clock::now() - begin < test_support::patience());
    }
  }

  TEST_CASE("a request that could inject lines is never sent") {
    ScriptedServer server(with_length("5"));
    const auto refused = [&](const HTTPRequest& request) {
      const Failure failure = failure_of<std::invalid_argument>(request);
      return failure.what.ends_with('.') && !failure.contains("error");
    };
    tell("expected", "an invalid_argument and no connection for each of these");
    CHECK(refused(HTTPRequest(server.url("/\r\nX-Evil: 1"))));
    CHECK(refused(HTTPRequest(server.url("/a b"))));
    CHECK(refused(HTTPRequest("localhost/")));
    CHECK(refused(HTTPRequest("http://localhost:65536/")));
    CHECK(refused(HTTPRequest(server.url(), "GET / HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET")));
    CHECK(refused(HTTPRequest(server.url(), "")));
    CHECK(refused(HTTPRequest(server.url(), "CONNECT")));
    CHECK(refused(HTTPRequest(server.url(), "POST")));
    HTTPRequest with_body(server.url());
    with_body.body = "x";
    CHECK(refused(with_body));
    HTTPRequest agent(server.url());
    agent.user_agent = "x\r\nX-Evil: 1";
    CHECK(refused(agent));
    HTTPRequest wrong_length(server.url(), "POST");
    wrong_length.body = "abc";
    wrong_length.headers.add("Content-Length", "2");
    CHECK(refused(wrong_length));
    HTTPRequest coded(server.url(), "POST");
    coded.body = "abc";
    coded.headers.add("Transfer-Encoding", "chunked");
    CHECK(refused(coded));
    HTTPRequest hosts(server.url());
    hosts.headers.add("Host", "a");
    hosts.headers.add("Host", "b");
    CHECK(refused(hosts));
    HTTPRequest negative(server.url());
    negative.request_timeout = -1ms;
    CHECK(refused(negative));
    CHECK(server.connections() == 0);
    tell("expected", "a request that is as it should be to be sent");
    CHECK(fetch(server.url()).body == "hello");
    CHECK(server.connections() == 1);
  }

  TEST_CASE("a response counts even if the request could not be sent whole") {
    const auto hasty = [](const std::string& length) {
      return [length](const Peer& client) {
        client.receive(100);
        client.send("HTTP/1.1 413 Content Too Large\r\n" + length + "\r\nless");
        // Closing with bytes that were not read breaks the connection for the sender.
      };
    };
    HTTPRequest request("", "POST");
    request.body = std::string(8'000'000, 'x');
    ScriptedServer server(hasty("Content-Length: 4\r\n"));
    request.url = server.url();
    const auto response = fetch(request, false);
    CHECK(response.code == 413);
    CHECK(response.body == "less");

    ScriptedServer vague(hasty(""));
    request.url = vague.url();
    tell("expected", "an error: a connection that broke does not end a body");
    const Failure failure = failure_of(request);
    const std::string ended_by = failure.code ? "an error" : failure.sentence();
    CHECK(ended_by == "an error");
  }
}
