#include "websocket/utf8.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "frames.h"

using namespace funnel::websocket;

namespace {

bool is_valid_in_pieces(const std::vector<std::string_view>& pieces) {
  Utf8Validator validator;
  for (const std::string_view piece : pieces) {
    if (!validator.feed(piece)) return false;
  }
  return validator.is_complete();
}

/// Expects the verdict for `text`, alone and after ASCII, however it is cut.
void expect_verdict(const std::string& text, bool valid) {
  CAPTURE(text);
  CHECK(is_valid_utf8(text) == valid);
  for (const std::string& before : {std::string(), std::string("seven b"), std::string(13, 'a')}) {
    const std::string whole = before + text + "!";
    for_each_cut(whole, [&](const std::vector<std::string_view>& pieces) {
      CHECK(is_valid_in_pieces(pieces) == valid);
    });
  }
}

/// Encodes any number up to 0x1FFFFF by UTF-8's scheme, valid or not.
std::string encode(unsigned point) {
  if (point < 0x80) return bytes({point});
  if (point < 0x800) return bytes({0xC0 | point >> 6, 0x80 | (point & 0x3F)});
  if (point < 0x10000) {
    return bytes({0xE0 | point >> 12, 0x80 | (point >> 6 & 0x3F), 0x80 | (point & 0x3F)});
  }
  return bytes({0xF0 | point >> 18, 0x80 | (point >> 12 & 0x3F), 0x80 | (point >> 6 & 0x3F),
                0x80 | (point & 0x3F)});
}

}  // namespace

TEST_SUITE("websocket.utf8") {
  TEST_CASE("valid text is accepted however it is cut") {
    expect_verdict("", true);
    expect_verdict("Hello-\xC2\xB5@\xC3\x9F\xC3\xB6\xC3\xA4\xC3\xBC\xC3\xA0\xC3\xA1-UTF-8!!", true);
    expect_verdict("\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5", true);
    expect_verdict(std::string("\0\x7F", 2), true);
    expect_verdict("\xEF\xBF\xBE \xEF\xBF\xBF", true);  // non-characters are valid
    expect_verdict(
        "\xEF\xBB\xBF"
        "after a byte order mark",
        true);
  }

  TEST_CASE("exactly the scalar values of Unicode are accepted") {
    for (unsigned point = 0; point < 0x110400; ++point) {
      const bool scalar = point < 0xD800 || (point > 0xDFFF && point <= 0x10FFFF);
      if (is_valid_utf8(encode(point)) == scalar) continue;
      FAIL_CHECK("wrong verdict for U+" << std::hex << point);
    }
  }

  TEST_CASE("the first and last character of each length are accepted however they are cut") {
    for (const unsigned point : {0x80U, 0x7FFU, 0x800U, 0xD7FFU, 0xE000U, 0xFFFFU, 0x10000U,
                                 0x3FFFFU, 0x40000U, 0xFFFFFU, 0x100000U, 0x10FFFFU}) {
      expect_verdict(encode(point), true);
    }
  }

  TEST_CASE("overlong forms are refused") {
    expect_verdict("\xC0\x80", false);
    expect_verdict("\xC0\xAF", false);
    expect_verdict("\xC1\xBF", false);
    expect_verdict("\xE0\x80\xAF", false);
    expect_verdict("\xE0\x9F\xBF", false);
    expect_verdict("\xF0\x80\x80\xAF", false);
    expect_verdict("\xF0\x8F\xBF\xBF", false);
    expect_verdict("\xF8\x80\x80\x80\xAF", false);
    expect_verdict("\xFC\x80\x80\x80\x80\xAF", false);
  }

  TEST_CASE("surrogates, alone and in pairs, are refused") {
    for (const unsigned point : {0xD800U, 0xDB7FU, 0xDB80U, 0xDBFFU, 0xDC00U, 0xDFFFU}) {
      expect_verdict(encode(point), false);
    }
    expect_verdict(encode(0xD800) + encode(0xDC00), false);
    expect_verdict(encode(0xDBFF) + encode(0xDFFF), false);
  }

  TEST_CASE("what lies above U+10FFFF is refused") {
    expect_verdict("\xF4\x90\x80\x80", false);
    expect_verdict("\xF5\x80\x80\x80", false);
    expect_verdict("\xF7\xBF\xBF\xBF", false);
    expect_verdict("\xFD\xBF\xBF\xBF\xBF\xBF", false);
  }

  TEST_CASE("continuation bytes without a start, and starts without enough of them, are refused") {
    expect_verdict("\x80", false);
    expect_verdict("\xBF\x80", false);
    expect_verdict("\xFE", false);
    expect_verdict("\xFF", false);
    expect_verdict("\xC3 ", false);
    expect_verdict("\xE2\x82 ", false);
    expect_verdict("\xF0\x9F\x98 ", false);
    expect_verdict("\xC3\xC3\xB6", false);
    expect_verdict("\xC3\xB6\xB6", false);
    for (unsigned lead = 0xC2; lead <= 0xF4; ++lead) expect_verdict(bytes({lead}), false);
  }

  TEST_CASE("text that ends inside a character is not complete, and not yet wrong") {
    const std::string_view euro = "\xE2\x82\xAC";
    Utf8Validator validator;
    CHECK(validator.is_complete());
    CHECK(validator.feed(euro.substr(0, 2)));
    CHECK(!validator.is_complete());
    CHECK(validator.feed(euro.substr(2)));
    CHECK(validator.is_complete());
    CHECK(!is_valid_utf8(euro.substr(0, 2)));
  }

  TEST_CASE("the first impossible byte is refused at once") {
    // Autobahn 6.4: U+110000 is known to be wrong at its second byte.
    Utf8Validator validator;
    CHECK(validator.feed("\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF4"));
    CHECK(!validator.feed("\x90"));
  }
}
