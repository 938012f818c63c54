#include <doctest/doctest.h>
#include <funnel/httputil.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

using namespace funnel;

namespace {

URL url(std::string_view text) { return URL::parse(text).value(); }

std::string resolved(std::string_view base, std::string_view reference) {
  return url(base).resolve(reference).value().to_string();
}

}  // namespace

TEST_SUITE("http.url") {
  TEST_CASE("a URL is taken apart") {
    const URL parsed = url("http://me:secret@Example.COM:8080/p/q?q=1&r=/?#frag?");
    CHECK(parsed.scheme() == "http");
    CHECK(parsed.userinfo() == "me:secret");
    CHECK(parsed.host() == "example.com");
    CHECK(parsed.port() == 8080);
    CHECK(parsed.target() == "/p/q?q=1&r=/?");
    CHECK(parsed.host_header() == "example.com:8080");
    CHECK(parsed.to_string() == "http://me:secret@example.com:8080/p/q?q=1&r=/?");
  }

  TEST_CASE("what is missing has its default") {
    CHECK(url("http://h").target() == "/");
    CHECK(url("http://h?x=1").target() == "/?x=1");
    CHECK(url("http://h#f").target() == "/");
    CHECK(url("http://h").port() == 80);
    CHECK(url("http://h:").port() == 80);
    CHECK(url("HTTPS://h").port() == 443);
    CHECK(url("HTTPS://h").scheme() == "https");
    CHECK(url("http://h").userinfo().empty());
  }

  TEST_CASE("the Host header names a port only if it is not the default") {
    CHECK(url("http://h:80/").host_header() == "h");
    CHECK(url("https://h:443/").host_header() == "h");
    CHECK(url("http://h:443/").host_header() == "h:443");
    CHECK(url("https://h:80/").host_header() == "h:80");
    CHECK(url("http://u@h/").host_header() == "h");
  }

  TEST_CASE("an IPv6 address loses its brackets as a host and keeps them elsewhere") {
    const URL parsed = url("http://[2001:DB8::1]:81/");
    CHECK(parsed.host() == "2001:db8::1");
    CHECK(parsed.host_header() == "[2001:db8::1]:81");
    CHECK(url("http://[::1]").host_header() == "[::1]");
    CHECK(url("http://[::ffff:1.2.3.4]").to_string() == "http://[::ffff:1.2.3.4]/");
  }

  TEST_CASE("what is no URL is refused, each defect by its own error") {
    for (const auto& row : {
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
             {"ftp://h/", URLError::unsupported_scheme},
             {"ws://h/", URLError::unsupported_scheme},
             {"httpx://h/", URLError::unsupported_scheme},
             {"http://", URLError::empty_host},
             {"http:///path", URLError::empty_host},
             {"http://:80/", URLError::empty_host},
             {"http://u@/", URLError::empty_host},
             {"http://?q", URLError::empty_host},
             {"http://#f", URLError::empty_host},
             {"http://h:x/", URLError::bad_port},
             {"http://h:-1/", URLError::bad_port},
             {"http://h:+1/", URLError::bad_port},
             {"http://h:0/", URLError::bad_port},
             {"http://h:65536/", URLError::bad_port},
             {"http://h:184467440737095516160/", URLError::bad_port},
             {"http://h:1:2/", URLError::bad_port},
             {"http://::1/", URLError::empty_host},
             {"http://1::2/", URLError::bad_port},
             {"http://[::1/", URLError::bad_host},
             {"http://[]/", URLError::bad_host},
             {"http://[::1]x/", URLError::bad_host},
             {"http://[::g]/", URLError::bad_host},
             {"http://[1.2.3.4]/", URLError::bad_host},
             {"http://[fe80::1%25eth0]/", URLError::bad_host},
             {"http://a]b/", URLError::bad_host},
             {"http://a,b/", URLError::bad_host},
             {"http://a|b/", URLError::bad_host},
             {"http://good.com\\@evil.com/", URLError::bad_host},
             {"http://evil.com\\good.com/", URLError::bad_host},
             {"http://a@b@c/", URLError::bad_host},
             {"http://h/a b", URLError::bad_character},
             {" http://h/", URLError::bad_character},
             {"http://h/ ", URLError::bad_character},
             {"http://h/\r\nX: y", URLError::bad_character},
             {"http://h\t/", URLError::bad_character},
             {"http://h/\x7F", URLError::bad_character},
             {"http://h/\xC3\xA9", URLError::bad_character},
             {"http://h/#\n", URLError::bad_character},
         }) {
      CAPTURE(std::string(row.first));
      CHECK(URL::parse(row.first).error() == row.second);
    }
    CHECK(URL::parse(std::string_view("http://h/\0", 10)).error() == URLError::bad_character);
  }

  TEST_CASE("each error has a sentence of its own") {
    std::set<std::string> messages;
    constexpr int last = static_cast<int>(URLError::bad_character);
    for (int value = 1; value <= last; ++value) {
      const std::error_code code = static_cast<URLError>(value);
      CHECK(code.category() == url_error_category());
      CHECK(code.message().ends_with('.'));
      CHECK(code.message() != url_error_category().message(last + 1));
      messages.insert(code.message());
    }
    CHECK(messages.size() == last);
    CHECK(std::string(url_error_category().name()) == "funnel.url");
  }

  TEST_CASE("references are resolved as RFC 3986 section 5.4 shows") {
    // All of its examples with an http base; fragments are dropped.
    for (const auto& row : {
             std::pair{"g", "http://a/b/c/g"},
             {"./g", "http://a/b/c/g"},
             {"g/", "http://a/b/c/g/"},
             {"/g", "http://a/g"},
             {"//g", "http://g/"},
             {"?y", "http://a/b/c/d;p?y"},
             {"g?y", "http://a/b/c/g?y"},
             {"#s", "http://a/b/c/d;p?q"},
             {"g#s", "http://a/b/c/g"},
             {"g?y#s", "http://a/b/c/g?y"},
             {";x", "http://a/b/c/;x"},
             {"g;x", "http://a/b/c/g;x"},
             {"", "http://a/b/c/d;p?q"},
             {".", "http://a/b/c/"},
             {"./", "http://a/b/c/"},
             {"..", "http://a/b/"},
             {"../", "http://a/b/"},
             {"../g", "http://a/b/g"},
             {"../..", "http://a/"},
             {"../../", "http://a/"},
             {"../../g", "http://a/g"},
             {"../../../g", "http://a/g"},
             {"../../../../g", "http://a/g"},
             {"/./g", "http://a/g"},
             {"/../g", "http://a/g"},
             {"g.", "http://a/b/c/g."},
             {".g", "http://a/b/c/.g"},
             {"g..", "http://a/b/c/g.."},
             {"..g", "http://a/b/c/..g"},
             {"./../g", "http://a/b/g"},
             {"./g/.", "http://a/b/c/g/"},
             {"g/./h", "http://a/b/c/g/h"},
             {"g/../h", "http://a/b/c/h"},
             {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
             {"g;x=1/../y", "http://a/b/c/y"},
             {"g?y/./x", "http://a/b/c/g?y/./x"},
             {"g?y/../x", "http://a/b/c/g?y/../x"},
         }) {
      CAPTURE(std::string(row.first));
      CHECK(resolved("http://a/b/c/d;p?q", row.first) == row.second);
    }
  }

  TEST_CASE("a reference with a scheme or an authority keeps nothing of the base's authority") {
    CHECK(resolved("http://u:p@a:81/x", "https://b/y/../z") == "https://b/z");
    CHECK(resolved("https://u:p@a:444/x", "//b:82/y") == "https://b:82/y");
    CHECK(resolved("http://u:p@a:81/x", "y") == "http://u:p@a:81/y");
    CHECK(resolved("http://a", "g") == "http://a/g");
    CHECK(resolved("http://a?q", "?r") == "http://a/?r");
    CHECK(resolved("http://a/b?x/y", "c") == "http://a/c");
  }

  TEST_CASE("a reference that is no URL is refused") {
    const URL base = url("http://a/b");
    CHECK(base.resolve("a b").error() == URLError::bad_character);
    CHECK(base.resolve("/\r\nX: y").error() == URLError::bad_character);
    CHECK(base.resolve("//").error() == URLError::empty_host);
    CHECK(base.resolve("ftp://h/").error() == URLError::unsupported_scheme);
    CHECK(base.resolve("mailto:a@b").error() == URLError::missing_scheme);
    CHECK(base.resolve("javascript:alert(1)").error() == URLError::missing_scheme);
  }

  TEST_CASE("an origin is scheme, host and port") {
    const URL base = url("http://a/x");
    CHECK(base.same_origin(url("http://u@A:80/y?z")));
    CHECK(!base.same_origin(url("https://a/x")));
    CHECK(!base.same_origin(url("https://a:80/x")));
    CHECK(!base.same_origin(url("http://a:81/x")));
    CHECK(!base.same_origin(url("http://b/x")));
  }
}
