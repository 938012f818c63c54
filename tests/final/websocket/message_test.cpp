#include "websocket/message.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "frames.h"
#include "websocket/close.h"
#include "websocket/error.h"

using namespace funnel::websocket;

namespace {

constexpr std::uint64_t big_limit = 1 << 20;

struct Outcome {
  std::vector<Message> messages;
  std::error_code error;
};

Outcome read_pieces(MessageReader& reader, const std::vector<std::string_view>& pieces) {
  Outcome outcome;
  for (std::string_view piece : pieces) {
    while (true) {
      auto message = reader.read(piece);
      outcome.error = message.error();
      if (outcome.error) return outcome;
      if (!message->has_value()) break;
      outcome.messages.push_back(std::move(**message));
    }
    CHECK(piece.empty());
  }
  return outcome;
}

struct Reading {
  Role own_role = Role::server;
  std::uint64_t limit = big_limit;
  bool compression = false;
};

/// Reads `stream` cut in every way; all must give the same messages and the same error.
Outcome read(const std::string& stream, Reading how = {}) {
  std::optional<Outcome> first;
  for_each_cut(stream, [&](const std::vector<std::string_view>& pieces) {
    MessageReader reader(how.own_role, how.limit, how.compression);
    Outcome outcome = read_pieces(reader, pieces);
    if (!first) first = outcome;
    CHECK(outcome.error == first->error);
    REQUIRE(outcome.messages.size() == first->messages.size());
    for (std::size_t i = 0; i < outcome.messages.size(); ++i) {
      CHECK(outcome.messages[i].opcode == first->messages[i].opcode);
      CHECK(outcome.messages[i].payload == first->messages[i].payload);
      CHECK(outcome.messages[i].compressed == first->messages[i].compressed);
    }
  });
  return *first;
}

void check_message(const Message& message, Opcode opcode, std::string_view payload) {
  CHECK(message.opcode == opcode);
  CHECK(message.payload == payload);
}

}  // namespace

TEST_SUITE("websocket.message") {
  TEST_CASE("a single masked frame is a message") {
    const auto outcome =
        read(bytes({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}));
    REQUIRE(outcome.messages.size() == 1);
    check_message(outcome.messages[0], Opcode::text, "Hello");
    CHECK(!outcome.error);
  }

  TEST_CASE("a client reads unmasked frames") {
    const auto outcome = read(bytes({0x82, 0x02, 0xFF, 0x00}), {.own_role = Role::client});
    REQUIRE(outcome.messages.size() == 1);
    check_message(outcome.messages[0], Opcode::binary, bytes({0xFF, 0x00}));
  }

  TEST_CASE("messages that arrive together are read one after the other") {
    const auto outcome = read(client_frame(Opcode::text, "one") + client_frame(Opcode::binary, "") +
                              client_frame(Opcode::text, "") + client_frame(Opcode::text, "four"));
    REQUIRE(outcome.messages.size() == 4);
    check_message(outcome.messages[0], Opcode::text, "one");
    check_message(outcome.messages[1], Opcode::binary, "");
    check_message(outcome.messages[2], Opcode::text, "");
    check_message(outcome.messages[3], Opcode::text, "four");
  }

  TEST_CASE("one call takes one message off the input") {
    const std::string stream = client_frame(Opcode::text, "a") + client_frame(Opcode::text, "b");
    std::string_view input = stream;
    MessageReader reader(Role::server, big_limit, false);
    const auto message = reader.read(input);
    check_message(**message, Opcode::text, "a");
    CHECK(input.size() == stream.size() / 2);
  }

  TEST_CASE("fragments are joined, empty ones too") {
    const auto outcome = read(
        client_frame(Opcode::text, "", false) + client_frame(Opcode::continuation, "Hel", false) +
        client_frame(Opcode::continuation, "", false) +
        client_frame(Opcode::continuation, "lo", false) + client_frame(Opcode::continuation, ""));
    REQUIRE(outcome.messages.size() == 1);
    check_message(outcome.messages[0], Opcode::text, "Hello");
  }

  TEST_CASE("control frames come through between fragments, before their message") {
    const auto outcome =
        read(client_frame(Opcode::text, "he", false) + client_frame(Opcode::ping, "p") +
             client_frame(Opcode::continuation, "l", false) + client_frame(Opcode::pong, "") +
             client_frame(Opcode::continuation, "lo") + client_frame(Opcode::close, "\x03\xE8"));
    REQUIRE(outcome.messages.size() == 4);
    check_message(outcome.messages[0], Opcode::ping, "p");
    check_message(outcome.messages[1], Opcode::pong, "");
    check_message(outcome.messages[2], Opcode::text, "hello");
    check_message(outcome.messages[3], Opcode::close, "\x03\xE8");
    CHECK(parse_close_payload(outcome.messages[3].payload)->code == close_code::normal);
  }

  TEST_CASE("a control frame may hold any bytes, up to 125, whatever the message limit") {
    const std::string payload(125, '\xFF');
    const auto outcome = read(client_frame(Opcode::ping, payload), {.limit = 1});
    REQUIRE(outcome.messages.size() == 1);
    check_message(outcome.messages[0], Opcode::ping, payload);
  }

  TEST_CASE("a continuation without a message is an error, also after a complete one") {
    CHECK(read(client_frame(Opcode::continuation, "x")).error ==
          ProtocolError::unexpected_continuation);
    CHECK(read(client_frame(Opcode::continuation, "x", false)).error ==
          ProtocolError::unexpected_continuation);
    const auto outcome =
        read(client_frame(Opcode::text, "a") + client_frame(Opcode::continuation, "b"));
    CHECK(outcome.messages.size() == 1);
    CHECK(outcome.error == ProtocolError::unexpected_continuation);
  }

  TEST_CASE("a new message inside another one is an error, also after a control frame") {
    const std::string start = client_frame(Opcode::text, "a", false);
    for (const Opcode opcode : {Opcode::text, Opcode::binary}) {
      CHECK(read(start + client_frame(opcode, "b")).error == ProtocolError::expected_continuation);
      CHECK(read(start + client_frame(Opcode::ping, "") + client_frame(opcode, "b")).error ==
            ProtocolError::expected_continuation);
    }
  }

  TEST_CASE("an error of a frame's header is reported, after the messages before it") {
    const auto outcome = read(client_frame(Opcode::text, "a") + bytes({0x83, 0x80}));
    CHECK(outcome.messages.size() == 1);
    CHECK(outcome.error == ProtocolError::reserved_opcode);
    CHECK(read(bytes({0x81, 0x02}) + "hi").error == ProtocolError::not_masked);
  }

  TEST_CASE("after an error every call returns the same one") {
    const std::string good = client_frame(Opcode::text, "a");
    for (const std::string& bad : {bytes({0x83, 0x80}), client_frame(Opcode::text, "\xFF"),
                                   client_frame(Opcode::continuation, "")}) {
      MessageReader reader(Role::server, big_limit, false);
      const std::error_code error = read_pieces(reader, {bad}).error;
      CHECK(error);
      const Outcome after = read_pieces(reader, {good});
      CHECK(after.error == error);
      CHECK(after.messages.empty());
    }
  }

  TEST_CASE("a message of exactly the limit is read, one byte more is an error") {
    const Reading small{.limit = 1024};
    const auto outcome = read(client_frame(Opcode::text, std::string(1024, 'a')), small);
    REQUIRE(outcome.messages.size() == 1);
    CHECK(outcome.messages[0].payload.size() == 1024);
    CHECK(read(client_frame(Opcode::text, std::string(1025, 'a')), small).error ==
          ProtocolError::message_too_big);
  }

  TEST_CASE("the limit is on the whole message, and on each one anew") {
    const Reading small{.limit = 10};
    const std::string start = client_frame(Opcode::binary, "1234567", false);
    const auto outcome = read(start + client_frame(Opcode::continuation, "890") + start +
                                  client_frame(Opcode::continuation, "8901"),
                              small);
    CHECK(outcome.messages.size() == 1);
    CHECK(outcome.error == ProtocolError::message_too_big);
  }

  TEST_CASE("too long a message is refused at its length field, before its payload") {
    const std::string head =
        bytes({0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4});
    CHECK(read(head).error == ProtocolError::message_too_big);
    CHECK(read(client_frame(Opcode::binary, "x", false) +
               bytes({0x80, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4}))
              .error == ProtocolError::message_too_big);
  }

  TEST_CASE("a length field alone allocates nothing of its size") {
    MessageReader reader(Role::server, std::uint64_t{1} << 62, false);
    const std::string head = bytes({0x82, 0xFF, 0x20, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}) + "x";
    const Outcome outcome = read_pieces(reader, {head});
    CHECK(!outcome.error);
    CHECK(outcome.messages.empty());
  }

  TEST_CASE("a character may lie in two fragments, with a control frame between") {
    const auto outcome =
        read(client_frame(Opcode::text, "\xE2", false) + client_frame(Opcode::ping, "\xFF") +
             client_frame(Opcode::continuation, "\x82", false) +
             client_frame(Opcode::continuation, "\xAC"));
    REQUIRE(outcome.messages.size() == 2);
    check_message(outcome.messages[1], Opcode::text, "\xE2\x82\xAC");
  }

  TEST_CASE("text that is not UTF-8 is an error, binary may be anything") {
    CHECK(read(client_frame(Opcode::text, "caf\xE9")).error == ProtocolError::bad_utf8);
    CHECK(read(client_frame(Opcode::text,
                            "\xCE\xBA\xED\xA0\x80"
                            "edited"))
              .error == ProtocolError::bad_utf8);
    CHECK(read(client_frame(Opcode::text, "\xE2\x82")).error == ProtocolError::bad_utf8);
    CHECK(read(client_frame(Opcode::text, "\xE2", false) + client_frame(Opcode::continuation, ""))
              .error == ProtocolError::bad_utf8);
    CHECK(!read(client_frame(Opcode::binary, "caf\xE9")).error);
  }

  TEST_CASE("each message's text is checked from its own beginning") {
    const auto outcome =
        read(client_frame(Opcode::binary, "\xE2") + client_frame(Opcode::text, "\xC2\xB5") +
             client_frame(Opcode::text, "\xC2\xB5"));
    CHECK(!outcome.error);
    CHECK(outcome.messages.size() == 3);
  }

  TEST_CASE("bad text is reported at its first wrong byte, inside the frame") {
    // Autobahn 6.4.4: the frame is not complete, but it can no longer become valid.
    MessageReader reader(Role::client, big_limit, false);
    CHECK(!read_pieces(reader, {"\x81\x0F\xCE\xBA\xF4"}).error);
    CHECK(read_pieces(reader, {"\x90"}).error == ProtocolError::bad_utf8);
  }

  TEST_CASE("the compressed mark is the message's, also with control frames between") {
    const std::string stream =
        frame_from(Role::client, Opcode::text, bytes({0xf2, 0x48, 0xcd}), false, true) +
        client_frame(Opcode::ping, "") +
        client_frame(Opcode::continuation, bytes({0xc9, 0xc9, 0x07, 0x00})) +
        client_frame(Opcode::text, "plain");
    const auto outcome = read(stream, {.compression = true});
    REQUIRE(outcome.messages.size() == 3);
    CHECK(!outcome.messages[0].compressed);
    CHECK(outcome.messages[1].compressed);
    CHECK(outcome.messages[1].payload == bytes({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}));
    CHECK(!outcome.messages[2].compressed);
    CHECK(read(stream).error == ProtocolError::reserved_bits);
  }

  TEST_CASE("plain text is checked although compression was negotiated") {
    CHECK(read(client_frame(Opcode::text, "\xFF"), {.compression = true}).error ==
          ProtocolError::bad_utf8);
  }
}
