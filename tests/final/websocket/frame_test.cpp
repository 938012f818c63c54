#include "websocket/frame.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "../core/support.h"
#include "frames.h"
#include "websocket/error.h"

using namespace funnel::websocket;

namespace {

struct Parsed {
  std::error_code error;
  std::size_t used = 0;
  std::optional<FrameHeader> header;
};

Parsed parse_pieces(Role own_role, const std::vector<std::string_view>& pieces, bool rsv1_allowed) {
  FrameHeaderParser parser(own_role, rsv1_allowed);
  Parsed parsed;
  for (const std::string_view piece : pieces) {
    const auto used = parser.feed(piece);
    parsed.error = used.error();
    if (!used) return parsed;
    parsed.used += *used;
  }
  if (parser.is_complete()) parsed.header = parser.header();
  return parsed;
}

/// Parses `head`, followed by bytes that are not its, cut in every way; all must agree.
FrameHeader parse(Role own_role, const std::string& head, bool rsv1_allowed = false) {
  FrameHeader header;
  for_each_cut(head + "payload", [&](const std::vector<std::string_view>& pieces) {
    const Parsed parsed = parse_pieces(own_role, pieces, rsv1_allowed);
    REQUIRE(!parsed.error);
    REQUIRE(parsed.header.has_value());
    CHECK(parsed.used == head.size());
    header = *parsed.header;
  });
  return header;
}

/// Expects `error` from `head` however it is cut, and nothing before its last byte.
void expect_error(Role own_role, const std::string& head, ProtocolError error) {
  for_each_cut(head, [&](const std::vector<std::string_view>& pieces) {
    CHECK(parse_pieces(own_role, pieces, false).error == make_error_code(error));
  });
  const auto shorter = std::string_view(head).substr(0, head.size() - 1);
  const Parsed parsed = parse_pieces(own_role, {shorter}, false);
  CHECK(!parsed.error);
  CHECK(!parsed.header);
}

std::string masked(std::string text, MaskKey key, std::uint64_t offset = 0) {
  apply_mask(std::span(text), key, offset);
  return text;
}

}  // namespace

TEST_SUITE("websocket.frame") {
  TEST_CASE("an unmasked server frame is parsed by the client (RFC 6455 section 5.7)") {
    const FrameHeader header = parse(Role::client, bytes({0x81, 0x05}));
    CHECK(header.fin);
    CHECK(!header.rsv1);
    CHECK(header.opcode == Opcode::text);
    CHECK(!header.mask);
    CHECK(header.payload_bytes == 5);
  }

  TEST_CASE("a masked client frame is parsed by the server (RFC 6455 section 5.7)") {
    const FrameHeader header = parse(Role::server, bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d}));
    CHECK(header.opcode == Opcode::text);
    CHECK(header.mask == example_key);
    CHECK(header.payload_bytes == 5);
  }

  TEST_CASE("the fragments of a message are parsed (RFC 6455 section 5.7)") {
    const FrameHeader first = parse(Role::client, bytes({0x01, 0x03}));
    CHECK(!first.fin);
    CHECK(first.opcode == Opcode::text);
    const FrameHeader last = parse(Role::client, bytes({0x80, 0x02}));
    CHECK(last.fin);
    CHECK(last.opcode == Opcode::continuation);
  }

  TEST_CASE("each known opcode is parsed") {
    for (const auto& [byte, opcode] : {std::pair{0x80U, Opcode::continuation},
                                       {0x81U, Opcode::text},
                                       {0x82U, Opcode::binary},
                                       {0x88U, Opcode::close},
                                       {0x89U, Opcode::ping},
                                       {0x8AU, Opcode::pong}}) {
      CHECK(parse(Role::client, bytes({byte, 0})).opcode == opcode);
    }
  }

  TEST_CASE("lengths of 7, 16 and 64 bits are parsed at their edges") {
    const std::pair<std::string, std::uint64_t> cases[] = {
        {bytes({0x82, 0}), 0},
        {bytes({0x82, 125}), 125},
        {bytes({0x82, 126, 0, 126}), 126},
        {bytes({0x82, 0x7E, 0x01, 0x00}), 256},
        {bytes({0x82, 126, 0xFF, 0xFF}), 0xFFFF},
        {bytes({0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0}), 0x10000},
        {bytes({0x82, 127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE}), 0x7FFFFFFFFFFFFFFE},
        {bytes({0x82, 127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}), 0x7FFFFFFFFFFFFFFF},
    };
    for (const auto& [head, length] : cases) {
      CHECK(parse(Role::client, head).payload_bytes == length);
    }
  }

  TEST_CASE("a length in more bytes than it needs is refused") {
    expect_error(Role::client, bytes({0x82, 126, 0, 125}), ProtocolError::length_not_minimal);
    expect_error(Role::client, bytes({0x82, 126, 0, 0}), ProtocolError::length_not_minimal);
    expect_error(Role::client, bytes({0x82, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF}),
                 ProtocolError::length_not_minimal);
    expect_error(Role::client, bytes({0x82, 127, 0, 0, 0, 0, 0, 0, 0, 5}),
                 ProtocolError::length_not_minimal);
  }

  TEST_CASE("a 64-bit length with its highest bit set is refused") {
    expect_error(Role::client, bytes({0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}),
                 ProtocolError::length_overflow);
  }

  TEST_CASE("reserved bits are refused unless an extension defines them") {
    for (const unsigned bits : {0x40U, 0x20U, 0x10U}) {
      expect_error(Role::client, bytes({0x81 | bits, 0}), ProtocolError::reserved_bits);
    }
    CHECK(parse(Role::client, bytes({0xC1, 0}), true).rsv1);
    CHECK(parse(Role::client, bytes({0x42, 0}), true).rsv1);
    CHECK(!parse(Role::client, bytes({0x81, 0}), true).rsv1);
    for (const unsigned bits : {0x20U, 0x10U, 0x60U}) {
      const std::string head = bytes({0x81 | bits, 0});
      CHECK(parse_pieces(Role::client, {head}, true).error == ProtocolError::reserved_bits);
    }
  }

  TEST_CASE("RSV1 is refused on control and continuation frames though compression is on") {
    for (const unsigned opcode : {0x0U, 0x8U, 0x9U, 0xAU}) {
      const std::string head = bytes({0xC0 | opcode, 0});
      CHECK(parse_pieces(Role::client, {head}, true).error == ProtocolError::reserved_bits);
    }
  }

  TEST_CASE("reserved opcodes are refused") {
    for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
      expect_error(Role::client, bytes({0x80 | opcode, 0}), ProtocolError::reserved_opcode);
    }
  }

  TEST_CASE("a control frame is neither fragmented nor longer than 125 bytes") {
    for (const unsigned opcode : {0x8U, 0x9U, 0xAU}) {
      CHECK(parse(Role::client, bytes({0x80 | opcode, 125})).payload_bytes == 125);
      expect_error(Role::client, bytes({opcode, 0}), ProtocolError::fragmented_control);
      expect_error(Role::client, bytes({0x80 | opcode, 126}), ProtocolError::control_too_long);
      expect_error(Role::client, bytes({0x80 | opcode, 127}), ProtocolError::control_too_long);
    }
  }

  TEST_CASE("a client's frame must be masked, a server's must not") {
    expect_error(Role::server, bytes({0x81, 0x05}), ProtocolError::not_masked);
    expect_error(Role::server, bytes({0x89, 0x00}), ProtocolError::not_masked);
    expect_error(Role::client, bytes({0x81, 0x85}), ProtocolError::masked);
  }

  TEST_CASE("the header parser is ready for the next frame after a reset") {
    FrameHeaderParser parser(Role::server, false);
    const std::string first = client_frame(Opcode::text, "").substr(0, 6);
    CHECK(*parser.feed(first) == 6);
    CHECK(*parser.feed("x") == 0);
    parser.reset();
    CHECK(!parser.is_complete());
    CHECK(!parser.header().mask);
    CHECK(*parser.feed(client_frame(Opcode::ping, "")) == 6);
    CHECK(parser.header().opcode == Opcode::ping);
  }

  TEST_CASE("bytes behind an error are a broken contract until a reset") {
    const auto end = core_tests::run_in_child([] {
      FrameHeaderParser parser(Role::client, false);
      for (int i = 0; i < 100; ++i) {
        if (parser.feed(bytes({0x83, 0x00}))) ::_exit(1);  // a reserved opcode
        parser.reset();
      }
      (void)parser.feed(bytes({0x83, 0x00}));
      for (int i = 0; i < 100; ++i) (void)parser.feed("x");
    });
    CHECK(end.aborted());
    CHECK(end.errors.find("continued behind an error") != std::string::npos);
  }

  TEST_CASE("masking gives the known answers") {
    const MaskKey abcd{'a', 'b', 'c', 'd'};
    CHECK(masked("", abcd) == "");
    CHECK(masked("b", abcd) == "\x03");
    CHECK(masked("54321", abcd) == "TVPVP");
    CHECK(masked("98765432", {'Z', 'X', 'C', 'V'}) == "c`t`olpd");
    CHECK(masked(bytes({0xff, 0xfb, 0xfd, 0xfc, 0xfe, 0xfa}), {0, 1, 2, 3}) ==
          bytes({0xff, 0xfa, 0xff, 0xff, 0xfe, 0xfb}));
    CHECK(masked(bytes({0, 1, 2, 3, 4, 5}), {0xff, 0xfb, 0xfd, 0xfc}) ==
          bytes({0xff, 0xfa, 0xff, 0xff, 0xfb, 0xfe}));
  }

  TEST_CASE("masking in pieces equals masking at once, at every length and cut") {
    for (std::size_t size = 0; size < 40; ++size) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i) text.push_back(static_cast<char>(i * 37));
      std::string expected = text;
      for (std::size_t i = 0; i < size; ++i) {
        expected[i] = static_cast<char>(expected[i] ^ example_key[i % 4]);
      }
      for (std::size_t cut = 0; cut <= size; ++cut) {
        CHECK(masked(text.substr(0, cut), example_key) +
                  masked(text.substr(cut), example_key, cut) ==
              expected);
      }
    }
  }

  TEST_CASE("frames are written as in RFC 6455 section 5.7") {
    CHECK(frame_from(Role::server, Opcode::text, "Hello") == bytes({0x81, 0x05}) + "Hello");
    CHECK(frame_from(Role::client, Opcode::text, "Hello") ==
          bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}));
    CHECK(frame_from(Role::server, Opcode::text, "Hel", false) == bytes({0x01, 0x03}) + "Hel");
    CHECK(frame_from(Role::server, Opcode::continuation, "lo") == bytes({0x80, 0x02}) + "lo");
    CHECK(frame_from(Role::server, Opcode::ping, "Hello") == bytes({0x89, 0x05}) + "Hello");
    CHECK(frame_from(Role::client, Opcode::pong, "Hello") ==
          bytes({0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}));
    const std::string small(256, 'x');
    CHECK(frame_from(Role::server, Opcode::binary, small) ==
          bytes({0x82, 0x7E, 0x01, 0x00}) + small);
    const std::string large(65536, 'x');
    CHECK(frame_from(Role::server, Opcode::binary, large) ==
          bytes({0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0}) + large);
    CHECK(frame_from(Role::server, Opcode::text, "x", true, true) == bytes({0xC1, 0x01}) + "x");
  }

  TEST_CASE("every written header is parsed back") {
    for (const std::uint64_t length : {0ULL, 1ULL, 125ULL, 126ULL, 0xFFFFULL, 0x10000ULL,
                                       0x123456789AULL, 0x7FFFFFFFFFFFFFFFULL}) {
      for (const Role sender : {Role::client, Role::server}) {
        FrameHeader written(Opcode::binary, length);
        written.fin = false;
        written.rsv1 = true;
        if (sender == Role::client) written.mask = example_key;
        std::string head;
        append_header(head, written);
        const Role reader = sender == Role::client ? Role::server : Role::client;
        const FrameHeader read = parse(reader, head, true);
        CHECK(read.payload_bytes == length);
        CHECK(read.opcode == Opcode::binary);
        CHECK(!read.fin);
        CHECK(read.rsv1);
        CHECK(read.mask == written.mask);
      }
    }
  }
}
