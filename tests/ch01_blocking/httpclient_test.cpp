// final: yes

#include <funnel/httpclient.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fetching.h"
#include "support/faulty_calls.h"
#include "support/readable.h"
#include "support/scripted_server.h"
#include "support/story.h"

// Task 1.6, and the given rules: good responses.

using fetching::failure_of;
using fetching::fetch;
using fetching::HTTPRequest;
using fetching::HTTPResponse;
using fetching::sentence;
using funnel::ParseError;
using test_support::FaultyCalls;
using test_support::Peer;
using test_support::read_request;
using test_support::ScriptedServer;
using test_support::shown;
using test_support::tell;

namespace {

const std::string good_response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Tells whether `request` has one header line with this name, no matter who added it.
bool has_one(const std::string& request, const std::string& name) {
  const std::size_t first = request.find("\r\n" + name + ": ");
  return first != std::string::npos && first == request.rfind("\r\n" + name + ": ");
}

/// Tells the lines that a server got, each whole; the story of its receiving shortens them.
void tell_lines(const std::string& request) {
  for (std::size_t begin = 0; begin < request.size();) {
    const std::size_t end = std::min(request.find('\n', begin), request.size() - 1) + 1;
    tell("server", "has got " + shown(std::string_view(request).substr(begin, end - begin)));
    begin = end;
  }
}

/// A server that responds and then waits for the client to close: a client that waits for more than
/// the response has runs into its timeout.
ScriptedServer::Script responding_and_waiting(std::string text) {
  return [text = std::move(text)](const Peer& client) {
    read_request(client);
    client.send(text);
    test_support::wait_for_end(client);
  };
}

/// A request that gives up soon, but not on a slow machine.
HTTPRequest impatient(const std::string& url, const std::string& method = "GET") {
  HTTPRequest request(url, method);
  request.request_timeout = test_support::time_limit(std::chrono::seconds(2));
  return request;
}

}  // namespace

TEST_SUITE("ch01.httpclient") {
  TEST_CASE("a request names what it wants and from whom") {
    ScriptedServer server(good_response);
    CHECK(fetch(server.url("/p?q=1#frag")).body == "ok");
    HTTPRequest post(server.url("/form"), "POST");
    post.body = "a=1\r\n\r\n&b=2";
    post.headers.add("X-Mine", "1");
    post.headers.add("x-mine", "2");
    fetch(post);
    HTTPRequest own(server.url(), "PUT");
    own.body = "";
    own.headers.add("host", "other.example");
    own.headers.add("user-agent", "me");
    own.headers.add("connection", "keep-alive");
    fetch(own);
    HTTPRequest anonymous(server.url());
    anonymous.user_agent = "";
    fetch(anonymous);
    HTTPRequest described(server.url(), "POST");
    described.body = "abc";
    described.headers.add("Content-Type", "text/plain");
    described.headers.add("Content-Length", "3");
    described.headers.add("Connection", "close");
    fetch(described);

    server.stop();
    const std::vector<std::string> requests = server.requests();
    REQUIRE(requests.size() == 5);
    tell_lines(requests[0]);
    tell("expected", "a GET with Host and User-Agent and nothing about a body");
    REQUIRE(requests[0].starts_with("GET /p?q=1 HTTP/1."));
    REQUIRE(contains(requests[0], "\r\nHost: " + server.host_and_port() + "\r\n"));
    REQUIRE(contains(requests[0], "\r\nUser-Agent: funnel/0.1\r\n"));
    REQUIRE(!contains(requests[0], "Content-"));
    REQUIRE(requests[0].ends_with("\r\n\r\n"));
    tell_lines(requests[1]);
    tell("expected", "a POST with the length of its body and its type");
    REQUIRE(requests[1].starts_with("POST /form HTTP/1."));
    REQUIRE(contains(requests[1], "\r\nContent-Length: 11\r\n"));
    REQUIRE(contains(requests[1], "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    REQUIRE(contains(requests[1], "\r\nX-Mine: 1\r\nX-Mine: 2\r\n"));
    REQUIRE(requests[1].ends_with("\r\n\r\na=1\r\n\r\n&b=2"));
    tell_lines(requests[2]);
    tell("expected", "what the caller has set in place of what would be added");
    REQUIRE(contains(requests[2], "\r\nContent-Length: 0\r\n"));
    REQUIRE(contains(requests[2], "\r\nHost: other.example\r\n"));
    REQUIRE(contains(requests[2], "\r\nUser-Agent: me\r\n"));
    REQUIRE(contains(requests[2], "\r\nConnection: keep-alive\r\n"));
    REQUIRE(has_one(requests[2], "Connection"));
    REQUIRE(!contains(requests[2], server.host_and_port()));
    REQUIRE(!contains(requests[2], "funnel/"));
    REQUIRE(!contains(requests[2], "Content-Type"));
    tell_lines(requests[3]);
    tell("expected", "no User-Agent where the caller wants none");
    REQUIRE(!contains(requests[3], "User-Agent"));
    tell_lines(requests[4]);
    tell("expected", "nothing twice");
    REQUIRE(has_one(requests[4], "Content-Type"));
    REQUIRE(contains(requests[4], "\r\nContent-Type: text/plain\r\n"));
    REQUIRE(has_one(requests[4], "Content-Length"));
    REQUIRE(has_one(requests[4], "Connection"));
  }

  TEST_CASE("a body ends after its length or with the connection") {
    // What is behind the announced length is no part of it.
    ScriptedServer longer(responding_and_waiting(good_response + "more"));
    CHECK(fetch(impatient(longer.url())).body == "ok");

    // 205 asks for an empty form, not for an empty response.
    ScriptedServer reset("HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok");
    CHECK(fetch(reset.url()).body == "ok");

    ScriptedServer endless("HTTP/1.1 200 OK\r\n\r\nup to\r\n\r\nthe end");
    CHECK(fetch(endless.url()).body == "up to\r\n\r\nthe end");
    ScriptedServer nothing("HTTP/1.0 200 OK\r\n\r\n");
    CHECK(fetch(nothing.url()).body.empty());

    // To HEAD a server responds with the head alone, and the length that GET would have had.
    ScriptedServer head_only(
        responding_and_waiting("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
    funnel::HTTPRequest head_request = impatient(head_only.url());
    head_request.method = "HEAD";
    CHECK(fetch(head_request).body.empty());

    std::string large(300'000, '.');
    for (std::size_t i = 0; i < large.size(); i += 1000) large[i] = static_cast<char>(i / 1000);
    for (const std::string head :
         {"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
      ScriptedServer server(head + large);
      REQUIRE((fetch(server.url()).body == large));
    }
  }

  TEST_CASE("a response is the same however it is cut on its way") {
    for (const std::string& text :
         {good_response, std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nok")}) {
      std::atomic<std::size_t> cut = 0;
      ScriptedServer server([&](const Peer& client) {
        read_request(client);
        client.send(text.substr(0, cut));
        client.send(text.substr(cut));
      });
      for (; cut <= text.size(); ++cut) REQUIRE(fetch(server.url()).body == "ok");
    }
    ScriptedServer server(good_response);
    FaultyCalls calls;
    calls.shorten(FaultyCalls::Call::recv, 1, static_cast<int>(good_response.size()));
    const HTTPResponse response = fetch(server.url());
    CHECK(response.body == "ok");
    CHECK(response.headers.get("Content-Length") == "2");
  }

  TEST_CASE("a response without a body ends with its head") {
    for (const char* head :
         {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 304 Not Modified\r\nContent-Length: 42\r\n\r\n",
          "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
      ScriptedServer server(responding_and_waiting(head));
      tell("expected", "an empty body without waiting for more");
      REQUIRE(fetch(impatient(server.url()), false).body.empty());
      REQUIRE(server.served(1));
    }
    // The response to HEAD has the headers that the response to GET would have.
    for (const char* head :
         {"HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
      ScriptedServer server(responding_and_waiting(head));
      tell("expected", "an empty body without waiting for more");
      const HTTPResponse response = fetch(impatient(server.url(), "HEAD"));
      REQUIRE(response.body.empty());
      REQUIRE(response.headers.size() + 1 ==
              (std::string(head) == "HTTP/1.1 200 OK\r\n\r\n" ? 1 : 2));
    }
  }

  TEST_CASE("a limited number of interim responses is skipped") {
    const std::string hint = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    std::string interim;
    for (int i = 0; i < 20; ++i) interim += hint;
    ScriptedServer server(interim + good_response);
    const HTTPResponse response = fetch(server.url());
    CHECK(response.code == 200);
    CHECK(response.body == "ok");
    CHECK(!response.headers.contains("Link"));

    ScriptedServer one_more(interim + hint + good_response);
    tell("expected", "an error: twenty interim responses are accepted, this is the twenty-first");
    CHECK(failure_of(one_more.url()).sentence() == sentence(std::errc::protocol_error));
    ScriptedServer chatty([&](const Peer& client) {
      read_request(client);
      test_support::trickle(client, interim, std::chrono::milliseconds(1));
    });
    CHECK(failure_of(impatient(chatty.url())).sentence() == sentence(std::errc::protocol_error));
    ScriptedServer switching("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" +
                             good_response);
    CHECK(failure_of(switching.url()).sentence() == sentence(std::errc::protocol_error));
    for (const std::string field : {"Content-Length: 2", "Transfer-Encoding: chunked"}) {
      ScriptedServer announcing("HTTP/1.1 100 Continue\r\n" + field + "\r\n\r\n" + good_response);
      tell("expected", "an error: an interim response announces a body");
      REQUIRE(failure_of(announcing.url()).sentence() == sentence(ParseError::forbidden_body));
    }
  }

  TEST_CASE("a response that is not a success is thrown as an exception") {
    ScriptedServer server("HTTP/1.1 404 Not Found\r\nX: y\r\nContent-Length: 4\r\n\r\ngone");
    try {
      fetch(server.url("/page"));
      FAIL("a 404 is no success");
    } catch (const funnel::HTTPClientError& error) {
      CHECK(error.code() == 404);
      CHECK(error.response().body == "gone");
      CHECK(error.response().headers.get("x") == "y");
      CHECK(std::string(error.what()) == "HTTP 404 Not Found from " + server.url("/page"));
    }
    const HTTPResponse response = fetch(HTTPRequest(server.url("/page#x")), false);
    CHECK(response.code == 404);
    CHECK(response.reason == "Not Found");
    CHECK(response.body == "gone");
    CHECK(response.effective_url == server.url("/page"));
    CHECK(response.request_time > std::chrono::nanoseconds(0));
    CHECK_THROWS_AS(response.rethrow(), funnel::HTTPClientError);

    ScriptedServer last_success("HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n");
    CHECK(fetch(last_success.url()).code == 299);
    ScriptedServer first_failure("HTTP/1.1 300 \r\nContent-Length: 0\r\n\r\n");
    CHECK_THROWS_AS(fetch(first_failure.url()), funnel::HTTPClientError);
  }
}
