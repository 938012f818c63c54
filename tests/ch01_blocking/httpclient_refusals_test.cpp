// final: no, it takes chunks, equal lengths and credentials, follows redirects, is to speak TLS

#include <funnel/httpclient.h>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "fetching.h"
#include "support/readable.h"
#include "support/scripted_server.h"
#include "support/story.h"

// Task 1.6, and the given rules: what this client does not do.

using fetching::Failure;
using fetching::failure_of;
using fetching::fetch;
using fetching::HTTPRequest;
using fetching::sentence;
using test_support::ScriptedServer;
using test_support::tell;

TEST_SUITE("ch01.httpclient.refusals") {
  TEST_CASE("what this client does not speak is refused and not misread") {
    for (const char* coding : {"chunked", "gzip, chunked", "identity", ""}) {
      ScriptedServer server("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + std::string(coding) +
                            "\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
      const Failure failure = failure_of(server.url());
      tell("expected", "an error that names Transfer-Encoding, not a body with chunk sizes in it");
      REQUIRE(failure.sentence() == sentence(funnel::ParseError::unknown_transfer_coding));
      REQUIRE(failure.contains(server.host_and_port()));
    }
    ScriptedServer repeating(
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello");
    tell("expected", "an error: two lengths are refused even if they are equal");
    CHECK(failure_of(repeating.url()).sentence() ==
          sentence(funnel::ParseError::duplicate_content_length));

    const Failure tls = failure_of("https://localhost/");
    CHECK(tls.sentence() == sentence(std::errc::protocol_not_supported));
    CHECK(
        tls.contains("localhost:443 is to be fetched by https, but this client speaks only http"));

    ScriptedServer server("HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n");
    const Failure user = failure_of<std::invalid_argument>("http://me:secret@localhost/");
    CHECK(user.what == "The URL has a user name, which this client cannot send.");
    tell("expected", "the redirect itself");
    CHECK(fetch(HTTPRequest(server.url()), false).headers.get("Location") == "/other");
    server.stop();
    tell("expected", "one request that asks with HTTP/1.0 for a body that is not chunked");
    REQUIRE(server.requests().size() == 1);
    CHECK(server.requests()[0].starts_with("GET / HTTP/1.0\r\n"));
    CHECK(server.requests()[0].find("\r\nConnection: close\r\n") != std::string::npos);
  }
}
