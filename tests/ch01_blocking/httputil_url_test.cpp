// final: yes

#include <funnel/httputil.h>

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "support/readable.h"
#include "support/story.h"

// Given code.

using funnel::URL;
using funnel::URLError;
using test_support::shown;
using test_support::tell;

namespace {

/// Takes a URL apart that is expected to be good.
URL parsed(std::string_view text) {
  tell("yours", "is asked to take apart " + shown(text));
  const funnel::Result<URL> url = URL::parse(text);
  if (!url) tell("yours", "refuses it: " + url.error().message());
  return url.value();
}

/// Tells with which sentence a URL is refused.
std::string refusal(std::string_view text) {
  tell("yours", "is asked to take apart " + shown(text));
  const std::error_code error = URL::parse(text).error();
  std::string sentence = error ? error.message() : "It is taken.";
  tell("yours", "says: " + sentence);
  return sentence;
}

std::string sentence(URLError error) { return make_error_code(error).message(); }

}  // namespace

TEST_SUITE("ch01.url") {
  TEST_CASE("a URL is split into its parts") {
    const URL url = parsed("Http://Me:Secret@Example.COM:8080/P/q?Q=1&r=/?#frag?#x");
    CHECK(url.scheme() == "http");
    CHECK(url.userinfo() == "Me:Secret");
    CHECK(url.host() == "example.com");
    CHECK(url.port() == 8080);
    CHECK(url.target() == "/P/q?Q=1&r=/?");
    CHECK(url.host_header() == "example.com:8080");
    CHECK(url.to_string() == "http://Me:Secret@example.com:8080/P/q?Q=1&r=/?");
    // A second URL may stand in the query, and an @ or a colon behind the authority.
    CHECK(parsed("http://h/?u=http://me@other:1/").host() == "h");
    CHECK(parsed("http://h?u=a@b").host() == "h");
    CHECK(parsed("http://h/a:b@c").target() == "/a:b@c");
    CHECK(parsed("http://h:65535/").port() == 65535);
    CHECK(parsed("http://h:1").port() == 1);
    CHECK(parsed("http://h:000080/").port() == 80);
    CHECK(parsed("http://h:000080/").host_header() == "h");
  }

  TEST_CASE("parts that a URL leaves out have defaults") {
    CHECK(parsed("http://h").target() == "/");
    CHECK(parsed("http://h?x=1").target() == "/?x=1");
    CHECK(parsed("http://h#f").target() == "/");
    CHECK(parsed("http://h").userinfo().empty());
    CHECK(parsed("http://@h/").userinfo().empty());
    CHECK(parsed("http://@h/").to_string() == "http://h/");
    CHECK(parsed("http://h").port() == 80);
    CHECK(parsed("http://h:").port() == 80);
    CHECK(parsed("HTTPS://h").port() == 443);
    CHECK(parsed("HTTPS://h").scheme() == "https");
    // The Host header names a port only if it is not the scheme's own.
    CHECK(parsed("http://h:80/").host_header() == "h");
    CHECK(parsed("https://h:443/").host_header() == "h");
    CHECK(parsed("http://h:443/").host_header() == "h:443");
    CHECK(parsed("https://h:80/").host_header() == "h:80");
    CHECK(parsed("http://u@h/").host_header() == "h");
  }

  TEST_CASE("an IPv6 address has brackets in a URL and none as a host") {
    const URL url = parsed("http://[2001:DB8::1]:81/");
    REQUIRE(url.host() == "2001:db8::1");
    REQUIRE(url.port() == 81);
    REQUIRE(url.host_header() == "[2001:db8::1]:81");
    REQUIRE(parsed("http://[::1]").port() == 80);
    REQUIRE(parsed("http://[::1]").host_header() == "[::1]");
    REQUIRE(parsed("http://u@[::1]:/").to_string() == "http://u@[::1]/");
    REQUIRE(parsed("http://[::ffff:1.2.3.4]").to_string() == "http://[::ffff:1.2.3.4]/");
    for (const char* text : {"http://[::1/", "http://[]/", "http://[::1]x/", "http://[::1]80/",
                             "http://[::g]/", "http://[1.2.3.4]/", "http://[h]/",
                             "http://[fe80::1%25eth0]/", "http://[[::1]]/", "http://a]b/"}) {
      REQUIRE(refusal(text) == sentence(URLError::bad_host));
    }
  }

  TEST_CASE("each defect of a URL has its own error") {
    for (const auto& [text, expected] : {
             std::pair{"", URLError::missing_scheme},
             {"example.com", URLError::missing_scheme},
             {"/path", URLError::missing_scheme},
             {"//h/", URLError::missing_scheme},
             {"localhost:8888/x", URLError::missing_scheme},
             {"http:/h", URLError::missing_scheme},
             {"http:h", URLError::missing_scheme},
             {"://h", URLError::missing_scheme},
             {"1http://h", URLError::missing_scheme},
             {"ht!tp://h", URLError::missing_scheme},
             {"/path?u=http://h/", URLError::missing_scheme},
             {"ftp://h/", URLError::unsupported_scheme},
             {"httpx://h/", URLError::unsupported_scheme},
             {"http://", URLError::empty_host},
             {"http:///path", URLError::empty_host},
             {"http://:80/", URLError::empty_host},
             {"http://u@/", URLError::empty_host},
             {"http://?q", URLError::empty_host},
             {"http://h:x/", URLError::bad_port},
             {"http://h:-1/", URLError::bad_port},
             {"http://h:+1/", URLError::bad_port},
             {"http://h:80x/", URLError::bad_port},
             {"http://h:0/", URLError::bad_port},
             {"http://h:65536/", URLError::bad_port},
             {"http://h:65616/", URLError::bad_port},                 // 80 in 16 bits
             {"http://h:18446744073709551696/", URLError::bad_port},  // 80 in 64 bits
             {"http://h:1:2/", URLError::bad_port},
             {"http://2001:db8::1/", URLError::bad_port},
             {"http://::1/", URLError::empty_host},
         }) {
      REQUIRE(refusal(text) == sentence(expected));
    }
  }

  TEST_CASE("a URL that could mean two hosts is refused") {
    // Which of them is the host? Browsers take a backslash for a slash.
    for (const char* text :
         {"http://good.com\\@evil.com/", "http://evil.com\\good.com/", "http://a@b@c/",
          "http://good.com,evil.com/", "http://a|b/", "http://a<b/"}) {
      REQUIRE(refusal(text) == sentence(URLError::bad_host));
    }
    // Sent as they are, these would end the request line or begin another word of it.
    for (const char* text :
         {"http://h/\r\nX-Evil: 1", "http://h/a b", "http://h/\n", "http://h/\t", " http://h/",
          "http://h/ ", "http://h\r\n/", "http://h/\x7F", "http://h/\xC3\xA9", "http://h/#\n"}) {
      REQUIRE(refusal(text) == sentence(URLError::bad_character));
    }
    const std::string_view with_nul("http://h/\0", 10);
    REQUIRE(refusal(with_nul) == sentence(URLError::bad_character));
  }
}
