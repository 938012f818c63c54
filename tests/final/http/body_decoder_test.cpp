#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "http/parser.h"
#include "parser_cuts.h"

using namespace funnel;
using namespace funnel::http;

namespace {

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

cuts::Body decode(BodyFraming framing, std::uint64_t length, std::string_view text,
                  std::uint64_t max_body_bytes = no_limit,
                  const HeadLimits& limits = HeadLimits()) {
  return cuts::decode_body(text,
                           [&] { return BodyDecoder(framing, length, max_body_bytes, limits); });
}

cuts::Body chunked(std::string_view text, std::uint64_t max_body_bytes = no_limit,
                   const HeadLimits& limits = HeadLimits()) {
  return decode(BodyFraming::chunked, 0, text, max_body_bytes, limits);
}

}  // namespace

TEST_SUITE("http.body_decoder") {
  TEST_CASE("a body of known length leaves what follows it") {
    const cuts::Body body = decode(BodyFraming::length, 5, "helloGET /");
    CHECK(body.status == ParseStatus::done);
    CHECK(body.data == "hello");
    CHECK(body.consumed == 5);
    CHECK(decode(BodyFraming::length, 5, "hell").status == ParseStatus::need_more);
  }

  TEST_CASE("no body is done before the first byte") {
    CHECK(BodyDecoder(BodyFraming::none, 0, 0).status() == ParseStatus::done);
    CHECK(BodyDecoder(BodyFraming::length, 0, 0).status() == ParseStatus::done);
    BodyDecoder decoder(BodyFraming::none, 0, 0);
    const BodyPiece piece = decoder.decode("GET /");
    CHECK(piece.consumed == 0);
    CHECK(piece.data.empty());
  }

  TEST_CASE("a known length above the limit is refused before the first byte") {
    CHECK(BodyDecoder(BodyFraming::length, 10, 10).status() == ParseStatus::need_more);
    const BodyDecoder decoder(BodyFraming::length, 11, 10);
    CHECK(decoder.status() == ParseStatus::failed);
    CHECK(decoder.error() == ParseError::body_too_large);
  }

  TEST_CASE("chunks become a body, and what follows the last one is left") {
    const cuts::Body body = chunked("4\r\nfoo=\r\n3\r\nbar\r\n0\r\n\r\nGET /");
    CHECK(body.status == ParseStatus::done);
    CHECK(body.data == "foo=bar");
    CHECK(body.consumed == 22);
    CHECK(body.trailers.empty());
    CHECK(chunked("0\r\n\r\n").status == ParseStatus::done);
    CHECK(chunked("0\r\n\r\n").data.empty());
    CHECK(chunked("1\r\n1\r\n1\r\n2\r\n0\r\n\r\n").data == "12");
    CHECK(chunked("A\r\n0123456789\r\n00\r\n\r\n").data == "0123456789");
    CHECK(chunked("000a\r\n\r\n0\r\n\r\n012\r\n0\r\n\r\n").data == "\r\n0\r\n\r\n012");
  }

  TEST_CASE("an incomplete chunked body waits for more") {
    const std::string text = "2;x\r\nab\r\n0\r\nA: b\r\n\r\n";
    for (std::size_t size = 0; size < text.size(); ++size) {
      CHECK(chunked(text.substr(0, size)).status == ParseStatus::need_more);
    }
    CHECK(chunked(text).status == ParseStatus::done);
  }

  TEST_CASE("chunk extensions are skipped") {
    CHECK(chunked("3;x=y\r\nabc\r\n0;last\r\n\r\n").data == "abc");
    CHECK(chunked("3 ; x = \"a;b\"\t;\xFF\r\nabc\r\n0\r\n\r\n").data == "abc");
    CHECK(chunked("3\t;\r\nabc\r\n0\r\n\r\n").data == "abc");
  }

  TEST_CASE("trailer fields are kept apart from the headers") {
    const cuts::Body body =
        chunked("1\r\nx\r\n0\r\nExpires: never\r\ncontent-length: 7\r\n\r\nrest");
    CHECK(body.status == ParseStatus::done);
    CHECK(body.data == "x");
    CHECK(body.trailers == "Expires: never\r\nContent-Length: 7\r\n");
    CHECK(body.consumed == 46);
  }

  TEST_CASE("a bad chunk is refused") {
    for (const auto& row : {
             std::pair<std::string_view, ParseError>{"\r\n", ParseError::bad_chunk_size},
             {"x\r\n", ParseError::bad_chunk_size},
             {"-1\r\n", ParseError::bad_chunk_size},
             {"+1\r\n", ParseError::bad_chunk_size},
             {" 1\r\n", ParseError::bad_chunk_size},
             {";x\r\n", ParseError::bad_chunk_size},
             {"1_a\r\n", ParseError::bad_chunk_size},
             {"0x5\r\n", ParseError::bad_chunk_size},
             {"0xA\r\n", ParseError::bad_chunk_size},
             {"3 \r\nabc\r\n", ParseError::bad_chunk_size},
             {"3 4\r\n", ParseError::bad_chunk_size},
             {"5\nhello\r\n", ParseError::bad_chunk_size},
             {"10000000000000000\r\n", ParseError::bad_chunk_size},
             {"fffffffffffffffff\r\n", ParseError::bad_chunk_size},
             {"3;a\x01\r\n", ParseError::bad_chunk_size},
             {{"3;a\0\r\n", 6}, ParseError::bad_chunk_size},
             {"5;x\nhello\r\n", ParseError::bad_line_end},
             {"5\rhello\r\n", ParseError::bad_line_end},
             {"5;x\rhello\r\n", ParseError::bad_line_end},
             {"3\r\nabcd\r\n", ParseError::bad_chunk_end},
             {"3\r\nabcd\n0\r\n\r\n", ParseError::bad_chunk_end},
             {"3\r\nabc0\r\n\r\n", ParseError::bad_chunk_end},
             {"3\r\nabc\n0\r\n\r\n", ParseError::bad_chunk_end},
             {"3\r\nabc\r0\r\n\r\n", ParseError::bad_chunk_end},
             {"0\r\nasdf\r\n\r\n", ParseError::bad_header_line},
             {"0\r\nA : b\r\n\r\n", ParseError::bad_header_name},
             {"0\r\nA: b\r\n c\r\n\r\n", ParseError::obsolete_folding},
             {"0\r\nA: b\n\r\n", ParseError::bad_line_end},
             {"0\r\n\n", ParseError::bad_line_end},
         }) {
      CAPTURE(std::string(row.first));
      const cuts::Body body = chunked(row.first);
      CHECK(body.status == ParseStatus::failed);
      CHECK(body.error == row.second);
    }
  }

  TEST_CASE("a chunked body is refused at the chunk that passes the limit") {
    CHECK(chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5).status == ParseStatus::done);
    const cuts::Body body = chunked("3\r\nabc\r\n3\r\n", 5);
    CHECK(body.error == ParseError::body_too_large);
    CHECK(body.data == "abc");
    CHECK(chunked("ffffffffffffffff\r\n", 5).error == ParseError::body_too_large);
    CHECK(chunked("1\r\na\r\nffffffffffffffff\r\n").error == ParseError::body_too_large);
  }

  TEST_CASE("the line of a chunk size has at most 256 bytes") {
    const std::string rest = "\r\nabc\r\n0\r\n\r\n";
    CHECK(chunked("3;" + std::string(252, 'x') + rest).status == ParseStatus::done);
    CHECK(chunked("3;" + std::string(253, 'x') + rest).error == ParseError::chunk_line_too_long);
    CHECK(chunked("3;" + std::string(300, 'x')).error == ParseError::chunk_line_too_long);
    CHECK(chunked(std::string(253, '0') + "3" + rest).status == ParseStatus::done);
    CHECK(chunked(std::string(300, '0')).error == ParseError::chunk_line_too_long);
    const std::string many = "1;" + std::string(200, 'x') + "\r\na\r\n";
    CHECK(chunked(many + many + "0\r\n\r\n").status == ParseStatus::done);
  }

  TEST_CASE("what is ignored in the chunk sizes of a body has at most 16 KiB in all") {
    // Each line has 128 bytes that say nothing.
    for (const std::string& line :
         {"1;" + std::string(127, 'x'), "1" + std::string(126, ' ') + ";x",
          "1" + std::string(127, '\t') + ";", std::string(129, '0') + "1"}) {
      CAPTURE(line);
      const auto decode_lines = [&line](int count) {
        std::string text;
        for (int i = 0; i < count; ++i) text += line + "\r\na\r\n";
        text += "0\r\n\r\n";
        BodyDecoder decoder(BodyFraming::chunked, 0, no_limit);
        return cuts::decode_pieces(decoder, text, {1, 5000, text.size()});
      };
      CHECK(decode_lines(128).status == ParseStatus::done);
      CHECK(decode_lines(129).error == ParseError::chunk_line_too_long);
      CHECK(decode_lines(129).data.size() == 128);
    }
  }

  TEST_CASE("trailer lines have the limits of header lines") {
    HeadLimits limits;
    limits.max_header_bytes = 20;
    limits.max_header_lines = 2;
    CHECK(chunked("0\r\nA: 1\r\nB: 2\r\n\r\n", 0, limits).status == ParseStatus::done);
    CHECK(chunked("0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", 0, limits).error ==
          ParseError::too_many_headers);
    CHECK(chunked("0\r\nA: 3456789012345\r\n\r\nrest", 0, limits).status == ParseStatus::done);
    CHECK(chunked("0\r\nA: 345678901234567\r\n\r\n", 0, limits).error ==
          ParseError::headers_too_large);
    CHECK(chunked("0\r\nA: " + std::string(17, 'x'), 0, limits).status == ParseStatus::need_more);
    CHECK(chunked("0\r\nA: " + std::string(18, 'x'), 0, limits).error ==
          ParseError::headers_too_large);
    limits.max_header_bytes = std::numeric_limits<std::size_t>::max();
    CHECK(chunked("0\r\nA: b\r\n\r\n", 0, limits).status == ParseStatus::done);
  }

  TEST_CASE("a body without framing ends with the connection and has the same limit") {
    const cuts::Body body = decode(BodyFraming::until_close, 0, "hello", 5);
    CHECK(body.status == ParseStatus::need_more);
    CHECK(body.data == "hello");
    const cuts::Body larger = decode(BodyFraming::until_close, 0, "hello!", 5);
    CHECK(larger.error == ParseError::body_too_large);
    CHECK(larger.data == "hello");
  }

  TEST_CASE("the end of the stream completes one framing and truncates the others") {
    BodyDecoder to_the_end(BodyFraming::until_close, 0, no_limit);
    CHECK(to_the_end.decode("abc").data == "abc");
    to_the_end.end_of_stream();
    CHECK(to_the_end.status() == ParseStatus::done);
    for (const BodyFraming framing : {BodyFraming::length, BodyFraming::chunked}) {
      BodyDecoder decoder(framing, 5, no_limit);
      decoder.end_of_stream();
      CHECK(decoder.status() == ParseStatus::failed);
      CHECK(decoder.error() == ParseError::truncated_message);
    }
    BodyDecoder none(BodyFraming::none, 0, no_limit);
    none.end_of_stream();
    CHECK(none.status() == ParseStatus::done);
    BodyDecoder refused(BodyFraming::length, 5, 4);
    refused.end_of_stream();
    CHECK(refused.error() == ParseError::body_too_large);
  }

  TEST_CASE("what is written as chunks is read back") {
    std::string text;
    append_chunk(text, "asdf");
    append_chunk(text, "");
    append_chunk(text, "qwer");
    append_last_chunk(text);
    CHECK(text == "4\r\nasdf\r\n4\r\nqwer\r\n0\r\n\r\n");
    const std::string large(70'000, 'x');
    text.clear();
    append_chunk(text, large);
    append_last_chunk(text);
    CHECK(text.starts_with("11170\r\nxx"));
    BodyDecoder decoder(BodyFraming::chunked, 0, no_limit);
    CHECK(cuts::decode_pieces(decoder, text, {1, 5000, text.size()}).data == large);
  }
}
