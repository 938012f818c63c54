#include "http/parse_chars.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace funnel::http;

namespace {

std::string members(CharClass wanted) {
  std::string bytes;
  for (int byte = 0; byte < 128; ++byte) {
    if (is_char(static_cast<char>(byte), wanted)) bytes += static_cast<char>(byte);
  }
  return bytes;
}

constexpr std::string_view alnum = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

}  // namespace

TEST_SUITE("http.parse_chars") {
  TEST_CASE("the classes have the bytes that the grammars name") {
    for (const char byte : alnum) {
      for (const CharClass wanted :
           {token_char, value_char, target_char, host_char, userinfo_char}) {
        CHECK(is_char(byte, wanted));
      }
    }
    CHECK(members(token_char).size() == alnum.size() + 15);
    CHECK(all_chars("!#$%&'*+-.^_`|~", token_char));
    CHECK(members(value_char).size() == 96);
    CHECK(all_chars("\t ~", value_char));
    CHECK(members(target_char).size() == 0x7E - 0x21);
    CHECK(!is_char('#', target_char));
    CHECK(members(host_char).size() == alnum.size() + 15);
    CHECK(all_chars("-._~%!$&'()*+;=", host_char));
    CHECK(members(userinfo_char).size() == alnum.size() + 17);
    for (int byte = 128; byte < 256; ++byte) {
      CHECK(is_char(static_cast<char>(byte), value_char));
      CHECK(!is_char(static_cast<char>(byte), token_char));
      CHECK(!is_char(static_cast<char>(byte), target_char));
      CHECK(!is_char(static_cast<char>(byte), host_char));
      CHECK(!is_char(static_cast<char>(byte), userinfo_char));
    }
  }

  TEST_CASE("looking at eight bytes together says what the table says, for any byte anywhere") {
    for (const char around : {'a', '\xFF', '\x7E', '\t', '\x80'}) {
      for (std::size_t size = 1; size <= 18; ++size) {
        for (std::size_t place = 0; place < size; ++place) {
          bool agrees = true;
          for (int byte = 0; byte < 256; ++byte) {
            std::string text(size, around);
            text[place] = static_cast<char>(byte);
            agrees = agrees && is_field_value(text) == all_chars(text, value_char);
          }
          CHECK(agrees);
        }
      }
    }
  }

  TEST_CASE("comparing ignores the case of ASCII letters only") {
    CHECK(equals_ignoring_case("Content-LENGTH", "content-length"));
    CHECK(!equals_ignoring_case("host", "hosts"));
    CHECK(!equals_ignoring_case("@", "`"));
    CHECK(!equals_ignoring_case("[", "{"));
    CHECK(!equals_ignoring_case("\xC9", "\xE9"));
  }

  TEST_CASE("trimming takes spaces and tabs and no other white space") {
    CHECK(trim_blanks(" \t a b \t") == "a b");
    CHECK(trim_blanks(" \t ").empty());
    CHECK(trim_blanks("\xA0 a\v") == "\xA0 a\v");
  }
}
