#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "http/parser.h"
#include "parser_cuts.h"
#include "support/exact_bytes.h"

using namespace funnel;
using namespace funnel::http;

namespace {

/// Reads requests as a connection does: a buffer that grows by pieces, from whose front each
/// head and body is dropped. Returns method, path and body of each, and what is left.
std::string read_stream(std::string_view text, const cuts::Ends& ends) {
  RequestHeadParser parser;
  std::string log;
  std::string buffer;
  std::size_t given = 0;
  bool in_body = false;
  BodyDecoder body(BodyFraming::none, 0, 0);
  for (const std::size_t end : ends) {
    buffer.append(text.substr(given, end - given));
    given = end;
    for (bool progress = true; progress;) {
      const test_support::ExactBytes memory(buffer);
      if (!in_body) {
        progress = parser.feed(memory.view()) == ParseStatus::done;
        if (!progress) continue;
        const RequestHeadView& head = parser.head();
        log.append(head.method).append(" ").append(head.path).append(" ");
        body = BodyDecoder(head.framing, head.content_length, 1000);
        buffer.erase(0, head.size);
        in_body = true;
      } else if (body.status() == ParseStatus::done) {
        log += "\n";
        parser.reset();
        in_body = false;
      } else {
        progress = !buffer.empty();
        const BodyPiece piece = body.decode(memory.view());
        log.append(piece.data);
        buffer.erase(0, piece.consumed);
      }
    }
  }
  return log + "left: " + buffer;
}

}  // namespace

TEST_SUITE("http.parser.pipeline") {
  const std::string stream =
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello\r\n"
      "PUT /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;x\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n\r\n\r\n"
      "POST /4 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
      "GET /5 HTTP/1.1\r\nHo";
  const std::string expected =
      "GET /1 \nPOST /2 hello\nPUT /3 abcde\nPOST /4 \nleft: GET /5 HTTP/1.1\r\nHo";

  TEST_CASE("each request leaves exactly the rest, wherever the stream is cut") {
    cuts::for_each_cut(stream.size(), [&](const cuts::Ends& ends) {
      CHECK(read_stream(stream, ends) == expected);
    });
  }

  TEST_CASE("each request leaves exactly the rest with many cuts at random") {
    constexpr unsigned seed = 20260801;
    std::mt19937 random(seed);
    for (int round = 0; round < 300; ++round) {
      cuts::Ends ends;
      for (std::size_t end = 0; end < stream.size();) {
        end = std::min(stream.size(), end + random() % 12);
        ends.push_back(end);
      }
      CAPTURE(round);
      CHECK(read_stream(stream, ends) == expected);
    }
  }
}
