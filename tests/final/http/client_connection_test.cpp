#include "http/client_connection.h"

#include <funnel/gen.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include "client_support.h"

using namespace funnel;
using client_tests::contains;
using http::ClientConnection;

namespace {

class Outcome {
 public:
  Outcome() = default;

  bool answered = false;
  bool reusable = false;
  HTTPResponse response;
  std::string error;
  std::error_code code;
};

class Setup {
 public:
  Setup() = default;

  std::string method = "GET";
  HTTPHeaders headers;
  std::uint64_t max_body_size = 1000;
  std::size_t read_size = testing::MemoryStreamOptions::unlimited;
  bool close = false;  // whether the server closes behind what it sends
  http::HeadLimits limits;
};

Task<Outcome> run(const std::string& reply, const Setup& setup) {
  testing::MemoryStreamOptions arrival;
  arrival.read_size = setup.read_size;
  auto [client, server] = testing::memory_stream_pair(arrival);
  (void)server.write(reply);
  if (setup.close) server.close_write();
  HTTPRequest request("http://server/", setup.method);
  request.headers = setup.headers;
  request.max_body_size = setup.max_body_size;
  const URL url = *URL::parse(request.url);
  ClientConnection connection(std::move(client), "server:80", setup.limits);
  Outcome outcome;
  try {
    outcome.answered = co_await connection.exchange(request, url, outcome.response);
  } catch (const std::system_error& error) {
    outcome.error = error.what();
    outcome.code = error.code();
  }
  outcome.reusable = connection.reusable();
  co_return outcome;
}

/// What a client makes of these bytes, whole and cut behind every byte, which must be the same.
Outcome outcome_of(const std::string& reply, Setup setup = Setup()) {
  IOLoop loop;
  Outcome whole = loop.run_sync(run(reply, setup), client_tests::time_limit);
  setup.read_size = 1;
  const Outcome cut = loop.run_sync(run(reply, setup), client_tests::time_limit);
  CHECK(cut.answered == whole.answered);
  CHECK(cut.error == whole.error);
  CHECK(cut.response.code == whole.response.code);
  CHECK(cut.response.headers == whole.response.headers);
  CHECK(cut.response.body == whole.response.body);
  CHECK(cut.reusable == whole.reusable);
  return whole;
}

Outcome outcome_then_close(const std::string& reply, const std::string& method = "GET") {
  Setup setup;
  setup.close = true;
  setup.method = method;
  return outcome_of(reply, setup);
}

Outcome answer_to(const std::string& method, const std::string& reply) {
  Setup setup;
  setup.method = method;
  return outcome_of(reply, setup);
}

std::error_code code_of(ParseError error) { return make_error_code(error); }

}  // namespace

TEST_SUITE("http.client.connection") {
  TEST_CASE("a response with a length is read, and the connection can be used again") {
    const Outcome outcome =
        outcome_of("HTTP/1.1 201 Made\r\nContent-Length: 5\r\nx-A: 1\r\nX-a: 2\r\n\r\nhello");
    CHECK(outcome.answered);
    CHECK(outcome.response.code == 201);
    CHECK(outcome.response.reason == "Made");
    CHECK(outcome.response.headers.get("X-A") == "1,2");
    CHECK(outcome.response.body == "hello");
    CHECK(outcome.reusable);
  }

  TEST_CASE("a chunked response is put together, trailers apart") {
    const Outcome outcome = outcome_of(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\n1\r\n1;x=y\r\n2\r\n0\r\nTrailer: t\r\n\r\n");
    CHECK(outcome.response.body == "12");
    CHECK(!outcome.response.headers.contains("Trailer"));
    CHECK(outcome.reusable);
    CHECK(outcome_then_close("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "1\r\n1\r\n1\r\n2\r\n0\r\n\r\n")
              .response.body == "12");
  }

  TEST_CASE("a response without a length goes on to the end of the connection") {
    const Outcome outcome = outcome_then_close("HTTP/1.0 200 OK\r\n\r\nhello");
    CHECK(outcome.response.body == "hello");
    CHECK(!outcome.reusable);
    CHECK(outcome_then_close("HTTP/1.1 200 OK\r\n\r\n").response.body == "");
  }

  TEST_CASE("responses that have no body end with their head") {
    for (const char* head :
         {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
          "HTTP/1.1 304 Not Modified\r\nContent-Length: 42\r\n\r\n"}) {
      const Outcome outcome = outcome_of(head);
      CHECK(outcome.answered);
      CHECK(outcome.response.body == "");
      CHECK(outcome.reusable);
    }
    const Outcome head = answer_to("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n");
    CHECK(head.answered);
    CHECK(head.response.headers.get("Content-Length") == "42");
    CHECK(head.reusable);
    CHECK(answer_to("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").reusable);
  }

  TEST_CASE("a response that announces what it may not have is refused") {
    CHECK(outcome_of("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello").code ==
          code_of(ParseError::forbidden_body));
    CHECK(outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n")
              .code == code_of(ParseError::length_and_transfer_encoding));
    CHECK(outcome_of("HTTP/1.1 200 OK\r\nX: 1\r\n\tmode=block\r\n\r\n").code ==
          code_of(ParseError::obsolete_folding));
  }

  TEST_CASE("equal lengths count as one, unequal and malformed ones are refused") {
    const auto with_length = [](const std::string& value) {
      return outcome_of("HTTP/1.1 200 OK\r\nContent-Length: " + value + "\r\n\r\nok");
    };
    CHECK(with_length("2,2").response.body == "ok");
    CHECK(with_length("2, 2,2").response.body == "ok");
    CHECK(with_length("2\r\nContent-Length: 2").response.body == "ok");
    CHECK(with_length("2,4").code == code_of(ParseError::duplicate_content_length));
    CHECK(with_length("2\r\nContent-Length: 4").code ==
          code_of(ParseError::duplicate_content_length));
    for (const char* value : {"-2", "+2", "2x", "", "0x2"}) {
      CHECK(with_length(value).code == code_of(ParseError::bad_content_length));
    }
    CHECK(with_length("18446744073709551616").code == code_of(ParseError::content_length_overflow));
    CHECK(with_length("18446744073709551615").code == code_of(ParseError::body_too_large));
  }

  TEST_CASE("a body above the limit is refused, at once if its length is known") {
    Setup setup;
    setup.max_body_size = 4;
    setup.close = true;
    CHECK(outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n1234", setup).response.body ==
          "1234");
    for (const char* reply :
         {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n12345",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
          "3\r\n123\r\n2\r\n45\r\n0\r\n\r\n"}) {
      const Outcome outcome = outcome_of(reply, setup);
      CHECK(outcome.code == code_of(ParseError::body_too_large));
      CHECK(contains(outcome.error, "the response of server:80 was refused: "));
      CHECK(!outcome.reusable);
    }
  }

  TEST_CASE("a response that is cut off is no response, wherever it is cut") {
    for (const std::string& reply :
         {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
          std::string(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
          std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\n\r\n")}) {
      CHECK(outcome_then_close(reply).answered);
      for (std::size_t size = 1; size < reply.size(); ++size) {
        const Outcome outcome = outcome_then_close(reply.substr(0, size));
        CHECK(outcome.code == code_of(ParseError::truncated_message));
        CHECK(!outcome.reusable);
      }
    }
  }

  TEST_CASE("a connection that ends before the first byte has no answer") {
    const Outcome outcome = outcome_then_close("");
    CHECK(!outcome.answered);
    CHECK(outcome.error == "");
    CHECK(!outcome.reusable);
  }

  TEST_CASE("a reset before the first byte is no answer, a later one an error") {
    IOLoop loop;
    const auto reset_after = [](std::size_t count) -> Task<Outcome> {
      testing::MemoryStreamOptions arrival;
      arrival.reset_after = count;
      auto [client, server] = testing::memory_stream_pair(arrival);
      (void)server.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
      const HTTPRequest request("http://server/");
      const URL url = *URL::parse(request.url);
      ClientConnection connection(std::move(client), "server:80", http::HeadLimits());
      Outcome outcome;
      try {
        outcome.answered = co_await connection.exchange(request, url, outcome.response);
      } catch (const std::system_error& error) {
        outcome.error = error.what();
        outcome.code = error.code();
      }
      co_return outcome;
    };
    const Outcome early = loop.run_sync(reset_after(0), client_tests::time_limit);
    CHECK(!early.answered);
    CHECK(early.error == "");
    const Outcome late = loop.run_sync(reset_after(40), client_tests::time_limit);
    CHECK(late.code == std::errc::connection_reset);
    CHECK(contains(late.error, "the response of server:80 was cut off"));
  }

  TEST_CASE("interim responses are skipped, up to a number") {
    std::string interim;
    for (int i = 0; i < 20; ++i) interim += "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    const std::string last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    const Outcome outcome = outcome_of(interim + last);
    CHECK(outcome.response.code == 200);
    CHECK(outcome.response.body == "ok");
    CHECK(!outcome.response.headers.contains("Link"));
    CHECK(outcome.reusable);
    CHECK(outcome_of(interim + "HTTP/1.1 100 Continue\r\n\r\n" + last).error ==
          "server:80 sent more than 20 interim responses: Protocol error");
    CHECK(outcome_of("HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\n" + last).code ==
          code_of(ParseError::forbidden_body));
    CHECK(contains(
        outcome_of("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n").error,
        "server:80 switches to another protocol unasked"));
  }

  TEST_CASE("the limits of a head are kept while it still comes in") {
    Setup setup;
    setup.limits.max_header_bytes = 1024;
    setup.limits.max_header_lines = 10;
    CHECK(outcome_of("HTTP/1.1 200 " + std::string(9000, 'x'), setup).code ==
          code_of(ParseError::start_line_too_long));
    CHECK(outcome_of("HTTP/1.1 200 OK\r\nX: " + std::string(1100, 'x'), setup).code ==
          code_of(ParseError::headers_too_large));
    std::string endless = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 11; ++i) endless += "X: y\r\n";
    CHECK(outcome_of(endless, setup).code == code_of(ParseError::too_many_headers));
  }

  TEST_CASE("what is no response is refused at its first line") {
    CHECK(outcome_of("SSH-2.0-OpenSSH_9.2\r\n").code == code_of(ParseError::bad_status_line));
    CHECK(outcome_of("HTTP/2.0 200 OK\r\n\r\n").code == code_of(ParseError::unsupported_version));
    CHECK(outcome_of("HTTP/1.1 200 OK\n\n").code == code_of(ParseError::bad_line_end));
  }

  TEST_CASE("a connection on which something waits is not used again, whoever has seen it") {
    const auto reusable_before_and_after = [](bool ends) -> Task<std::pair<bool, bool>> {
      auto [client, server] = testing::memory_stream_pair();
      (void)server.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      const HTTPRequest request("http://server/");
      const URL url = *URL::parse(request.url);
      ClientConnection connection(std::move(client), "server:80", http::HeadLimits());
      HTTPResponse response;
      co_await connection.exchange(request, url, response);
      const bool before = connection.reusable();
      if (ends) {
        server.close_write();
      } else {
        (void)server.write("x");
      }
      co_return std::pair(before, connection.reusable());
    };
    IOLoop loop;
    for (const bool ends : {true, false}) {
      const auto [before, after] = loop.run_sync(reusable_before_and_after(ends));
      CHECK(before);
      CHECK(!after);
    }
  }

  TEST_CASE("a connection that somebody wants closed, or with bytes left over, is not used again") {
    CHECK(!outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
               .reusable);
    CHECK(!outcome_of("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok").reusable);
    CHECK(outcome_of("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok")
              .reusable);
    Setup setup;
    setup.headers.add("Connection", "close");
    CHECK(!outcome_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", setup).reusable);
    IOLoop loop;
    const Outcome more =
        loop.run_sync(run("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1", Setup()));
    CHECK(more.response.body == "ok");
    CHECK(!more.reusable);
  }
}
