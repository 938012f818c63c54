#include "websocket/handshake.h"

#include <doctest/doctest.h>

#include <string>

using namespace funnel::websocket;

TEST_SUITE("websocket.handshake") {
  TEST_CASE("the example of RFC 6455 section 1.3 gives its answer") {
    CHECK(accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  }

  TEST_CASE("another key gives another answer") {
    CHECK(accept_key("x3JJHMbDL1EzLkh9GBhXDw==") == "HSmrc0sMlYUkAGmm5OPpG2HaGWk=");
  }

  TEST_CASE("a key is 16 bytes in base64") {
    CHECK(is_valid_key("dGhlIHNhbXBsZSBub25jZQ=="));
    CHECK(is_valid_key("AAAAAAAAAAAAAAAAAAAAAA=="));
    CHECK(is_valid_key("+/+/+/+/+/+/+/+/+/+/+w=="));
    CHECK(is_valid_key("azAZ09+/azAZ09+/azAZ09=="));
  }

  TEST_CASE("anything else is no key") {
    CHECK(!is_valid_key(""));
    CHECK(!is_valid_key("x"));
    CHECK(!is_valid_key("dGhlIHNhbXBsZSBub25jZQ"));            // padding left out
    CHECK(!is_valid_key("dGhlIHNhbXBsZSBub25jZSE="));          // 17 bytes
    CHECK(!is_valid_key("dGhlIHNhbXBsZSBub25j"));              // 15 bytes
    CHECK(!is_valid_key("dGhlIHNhbXBsZSBub25jZSEh"));          // 18 bytes
    CHECK(!is_valid_key("dGhlIHNhbXBsZQ=="));                  // 10 bytes
    CHECK(!is_valid_key("dGhlIHNhbXBsZSBub25jZSBub25jZQ=="));  // 22 bytes
    CHECK(!is_valid_key("dGhlIHNhbXBsZSBub25jZQ==="));
    CHECK(!is_valid_key("dGhlIHNhbXBsZSBub25jZ==="));
    CHECK(!is_valid_key("dGhlIHNhbXBsZSBub25jZQ== "));
    for (const char wrong : std::string("@[`{:-_=. \0\xC3", 12)) {
      std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
      key[10] = wrong;
      CHECK(!is_valid_key(key));
    }
  }
}
