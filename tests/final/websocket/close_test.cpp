#include "websocket/close.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "frames.h"
#include "websocket/error.h"

using namespace funnel::websocket;

namespace {

std::string with_code(unsigned code, std::string_view reason = "") {
  return bytes({code >> 8, code & 0xFF}).append(reason);
}

}  // namespace

TEST_SUITE("websocket.close") {
  TEST_CASE("an empty close payload has no code") {
    const auto status = parse_close_payload("");
    REQUIRE(status);
    CHECK(!status->code);
    CHECK(status->reason.empty());
  }

  TEST_CASE("a close payload has a code and a reason") {
    const auto status = parse_close_payload(with_code(1000, "bye"));
    REQUIRE(status);
    CHECK(status->code == 1000);
    CHECK(status->reason == "bye");
    CHECK(parse_close_payload(with_code(1001))->reason.empty());
    const std::string longest(123, 'x');
    CHECK(parse_close_payload(with_code(1011, longest))->reason == longest);
  }

  TEST_CASE("a close payload of one byte is refused") {
    CHECK(parse_close_payload("a").error() == ProtocolError::bad_close_length);
    CHECK(parse_close_payload("\x03").error() == ProtocolError::bad_close_length);
  }

  TEST_CASE("exactly the codes that may be sent are accepted") {
    for (unsigned code = 0; code <= 0xFFFF; ++code) {
      const bool expected = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                            (code >= 3000 && code <= 4999);
      if (is_valid_close_code(static_cast<std::uint16_t>(code)) != expected) {
        FAIL_CHECK("wrong verdict for " << code);
      }
    }
    for (const unsigned code : {1000U, 1003U, 1007U, 1011U, 1014U, 3000U, 3999U, 4000U, 4999U}) {
      CHECK(parse_close_payload(with_code(code))->code == code);
    }
    for (const unsigned code :
         {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U}) {
      CHECK(parse_close_payload(with_code(code)).error() == ProtocolError::bad_close_code);
    }
  }

  TEST_CASE("a close reason must be UTF-8") {
    CHECK(parse_close_payload(with_code(1000, "\xC3\xA9"))->reason == "\xC3\xA9");
    CHECK(parse_close_payload(with_code(1000, "\xC3")).error() == ProtocolError::bad_utf8);
    const char* autobahn_7_5_1 =
        "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80"
        "edited";
    CHECK(parse_close_payload(with_code(1000, autobahn_7_5_1)).error() == ProtocolError::bad_utf8);
  }

  TEST_CASE("a close payload is built from a code and a reason") {
    CHECK(*make_close_payload(1000, "bye") == with_code(1000, "bye"));
    CHECK(*make_close_payload(4999, "") == with_code(4999));
    CHECK(*make_close_payload(1000, std::string(123, 'x')) ==
          with_code(1000, std::string(123, 'x')));
  }

  TEST_CASE("a close payload that must not be sent is not built") {
    CHECK(make_close_payload(1005, "").error() == ProtocolError::bad_close_code);
    CHECK(make_close_payload(999, "").error() == ProtocolError::bad_close_code);
    CHECK(make_close_payload(1000, "\xFF").error() == ProtocolError::bad_utf8);
    CHECK(make_close_payload(1000, std::string(124, 'x')).error() ==
          ProtocolError::control_too_long);
  }
}
