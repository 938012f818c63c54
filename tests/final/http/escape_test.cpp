#include <doctest/doctest.h>
#include <funnel/escape.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace funnel;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

}  // namespace

TEST_SUITE("http.escape") {
  TEST_CASE("xhtml_escape replaces what has a meaning in HTML and nothing else") {
    CHECK(xhtml_escape("<foo>") == "&lt;foo&gt;");
    CHECK(xhtml_escape("<>&\"'") == "&lt;&gt;&amp;&quot;&#x27;");
    CHECK(xhtml_escape("&amp;") == "&amp;amp;");
    CHECK(xhtml_escape("<\xC3\xA9>") == "&lt;\xC3\xA9&gt;");
    CHECK(xhtml_escape("") == "");
  }

  TEST_CASE("url_escape encodes for forms, or for paths") {
    CHECK(url_escape("\xC3\xA9") == "%C3%A9");
    CHECK(url_escape("\xE9") == "%E9");
    CHECK(url_escape("+ #%") == "%2B+%23%25");
    CHECK(url_escape("+ #%", false) == "%2B%20%23%25");
    CHECK(url_escape("a/b") == "a%2Fb");
    CHECK(url_escape("a/b", false) == "a/b");
    CHECK(url_escape("~-._09AZaz") == "~-._09AZaz");
    CHECK(url_escape("a&b=c") == "a%26b%3Dc");
  }

  TEST_CASE("url_unescape decodes bytes and keeps what is no escape") {
    CHECK(url_unescape("%C3%a9") == "\xC3\xA9");
    CHECK(url_unescape("a+b%2B") == "a b+");
    CHECK(url_unescape("a+b%2B", false) == "a+b+");
    CHECK(url_unescape("%zz%4") == "%zz%4");
    CHECK(url_unescape("%4%41%") == "%4A%");
    CHECK(url_unescape("%-1%+1") == "%-1% 1");
    CHECK(url_unescape(std::string_view("%41", 2)) == "%4");
    CHECK(url_unescape("%00") == std::string(1, '\0'));
  }

  TEST_CASE("every byte survives both encodings") {
    CHECK(url_unescape(url_escape(all_bytes())) == all_bytes());
    CHECK(url_unescape(url_escape(all_bytes(), false), false) == all_bytes());
  }

  TEST_CASE("parse_qs keeps order, repetitions and blanks, and splits at & only") {
    CHECK(parse_qs("a=%E9&b=&c&a=2;d=3") ==
          Pairs{{"a", "\xE9"}, {"b", ""}, {"c", ""}, {"a", "2;d=3"}});
    CHECK(parse_qs("a=1&b=&c&a=") == Pairs{{"a", "1"}, {"b", ""}, {"c", ""}, {"a", ""}});
    CHECK(parse_qs("a=%zz") == Pairs{{"a", "%zz"}});
    CHECK(parse_qs("a+b=c+d%26") == Pairs{{"a b", "c d&"}});
    CHECK(parse_qs("a=b=c") == Pairs{{"a", "b=c"}});
    CHECK(parse_qs("&&a=1&&b=2&") == Pairs{{"a", "1"}, {"b", "2"}});
    CHECK(parse_qs("=x") == Pairs{{"", "x"}});
    CHECK(parse_qs("").empty());
  }
}
