#include "websocket/error.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <system_error>

using namespace funnel::websocket;

TEST_SUITE("websocket.error") {
  TEST_CASE("each error has a message of its own and a close code") {
    std::set<std::string> messages;
    constexpr int last = static_cast<int>(ProtocolError::bad_close_code);
    for (int value = 1; value <= last; ++value) {
      const std::error_code code = static_cast<ProtocolError>(value);
      CHECK(code);
      CHECK(code.category() == protocol_category());
      CHECK(code.message() != "unknown error");
      messages.insert(code.message());
    }
    CHECK(messages.size() == last);
    CHECK(protocol_category().message(last + 1) == "unknown error");
    CHECK(std::string(protocol_category().name()) == "funnel.websocket");
  }

  TEST_CASE("bad text closes with 1007, too long a message with 1009, all else with 1002") {
    constexpr int last = static_cast<int>(ProtocolError::bad_close_code);
    for (int value = 1; value <= last; ++value) {
      const auto error = static_cast<ProtocolError>(value);
      const int expected = error == ProtocolError::bad_utf8          ? 1007
                           : error == ProtocolError::message_too_big ? 1009
                                                                     : 1002;
      CHECK(close_code_for(error) == expected);
    }
  }
}
