#include <doctest/doctest.h>
#include <funnel/httputil.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace funnel;

namespace {

HTTPHeaders example() {
  HTTPHeaders headers;
  headers.add("Set-Cookie", "a=b");
  headers.add("content-type", "text/plain");
  headers.add("SET-COOKIE", "c=d");
  return headers;
}

std::string stored_name(std::string_view name) {
  HTTPHeaders headers;
  headers.add(name, "");
  return headers.begin()->first;
}

}  // namespace

TEST_SUITE("http.headers") {
  TEST_CASE("names are compared without regard to case and stored in header case") {
    CHECK(stored_name("content-type") == "Content-Type");
    CHECK(stored_name("COOKIE") == "Cookie");
    CHECK(stored_name("x-FOO_bar") == "X-Foo_bar");
    CHECK(stored_name("sec-websocket-key") == "Sec-Websocket-Key");
    CHECK(stored_name("ETag") == "Etag");
    CHECK(stored_name("te") == "Te");
    CHECK(stored_name("-a--b-") == "-A--B-");
    CHECK(stored_name("1a") == "1a");
    CHECK(example().get("CONTENT-type") == "text/plain");
    CHECK(example().contains("set-Cookie"));
  }

  TEST_CASE("several values are joined or listed, in the order of insertion") {
    const HTTPHeaders headers = example();
    CHECK(headers.get("set-cookie") == "a=b,c=d");
    CHECK(headers.get_list("set-cookie") == std::vector<std::string>{"a=b", "c=d"});
    CHECK(headers.get_list("none").empty());
    CHECK(!headers.get("none"));
    CHECK(!headers.contains("none"));
    std::string seen;
    for (const auto& [name, value] : headers)
      seen.append(name).append("=").append(value).append(";");
    CHECK(seen == "Set-Cookie=a=b;Content-Type=text/plain;Set-Cookie=c=d;");
    CHECK(headers.size() == 3);
  }

  TEST_CASE("set replaces all values in the place of the first") {
    HTTPHeaders headers = example();
    headers.set("set-cookie", "x=y");
    CHECK(headers.to_string() == "Set-Cookie: x=y\r\nContent-Type: text/plain\r\n");
    headers.set("new", "1");
    CHECK(headers.to_string() == "Set-Cookie: x=y\r\nContent-Type: text/plain\r\nNew: 1\r\n");
  }

  TEST_CASE("set and remove may be given views into the headers themselves") {
    const std::string on_the_heap(100, 'x');
    HTTPHeaders headers = example();
    headers.add("set-cookie", on_the_heap);
    const HTTPHeaders::Field& last = *(headers.end() - 1);
    headers.set(last.first, last.second);
    CHECK(headers.get("set-cookie") == on_the_heap);
    headers = example();
    CHECK(headers.remove(headers.begin()->first));
    CHECK(headers.to_string() == "Content-Type: text/plain\r\n");
  }

  TEST_CASE("remove takes every field of a name and says whether there was one") {
    HTTPHeaders headers = example();
    CHECK(headers.remove("set-cookie"));
    CHECK(!headers.remove("set-cookie"));
    CHECK(headers.to_string() == "Content-Type: text/plain\r\n");
    headers.clear();
    CHECK(headers.empty());
  }

  TEST_CASE("a name or value that could end the line is refused and changes nothing") {
    HTTPHeaders headers = example();
    for (const std::string_view name :
         {"", "foo bar", "foo\tbar", "foo\nbar", "foo ", " foo", "\xC3\xA9", "foo\r", "foo:"}) {
      CHECK_THROWS_AS(headers.add(name, "x"), std::invalid_argument);
      CHECK_THROWS_AS(headers.set(name, "x"), std::invalid_argument);
    }
    CHECK_THROWS_AS(headers.add(std::string_view("foo\0bar", 7), "x"), std::invalid_argument);
    for (int byte = 0; byte < 256; ++byte) {
      const std::string value = std::string("a") + static_cast<char>(byte) + "b";
      const bool allowed = byte == '\t' || (byte >= 0x20 && byte != 0x7F);
      HTTPHeaders other;
      if (allowed) {
        other.add("X", value);
        other.set("X", value);
        CHECK(other.get("x") == value);
      } else {
        CHECK_THROWS_AS(other.add("X", value), std::invalid_argument);
        CHECK_THROWS_AS(other.set("X", value), std::invalid_argument);
        CHECK(other.empty());
      }
    }
    CHECK(headers == example());
  }

  TEST_CASE("the text form is parsed back to equal headers") {
    const auto parsed = HTTPHeaders::parse(example().to_string());
    REQUIRE(parsed);
    CHECK(*parsed == example());
    CHECK(HTTPHeaders::parse("")->empty());
    CHECK(HTTPHeaders::parse("Transfer-Encoding: \t chunked\t \r\n")->get("transfer-encoding") ==
          "chunked");
    CHECK(HTTPHeaders::parse("A:\r\n")->get("a") == "");
  }

  TEST_CASE("white space and line ends of other alphabets are bytes like any other") {
    for (const std::string value : {"\xA0", "\xC2\x85", "\xC2\xA0x",
                                    "a\xE2\x80\xA8"
                                    "b",
                                    "a\xE2\x80\xA9"
                                    "b"}) {
      const auto parsed = HTTPHeaders::parse("X: " + value + "\r\n");
      REQUIRE(parsed);
      CHECK(parsed->get("X") == value);
    }
  }

  TEST_CASE("malformed header lines are refused") {
    for (const auto& row : {
             std::pair{"asdf\r\n", ParseError::bad_header_line},
             {"Foo: bar\r\n\r\n", ParseError::bad_header_line},
             {"\r\n", ParseError::bad_header_line},
             {"\n", ParseError::bad_line_end},
             {"Foo: bar\r\n baz\r\n", ParseError::obsolete_folding},
             {"Foo: bar\r\n\tasdf\r\n", ParseError::obsolete_folding},
             {" Foo: bar\r\n", ParseError::obsolete_folding},
             {"Foo: bar\r\n\fasdf\r\n", ParseError::bad_header_name},
             {"Foo : bar\r\n", ParseError::bad_header_name},
             {": bar\r\n", ParseError::bad_header_name},
             {"X[]: bar\r\n", ParseError::bad_header_name},
             {"\xC3\xA9: bar\r\n", ParseError::bad_header_name},
             {"Foo: b\x01r\r\n", ParseError::bad_header_value},
             {"Foo: b\x7Fr\r\n", ParseError::bad_header_value},
             {"Foo: \vbar\r\n", ParseError::bad_header_value},
             {"CR: cr\rMore: more\r\n", ParseError::bad_line_end},
             {"Foo: bar\r\r\n", ParseError::bad_line_end},
             {"CRLF: crlf\r\nLF: lf\nMore: more\r\n", ParseError::bad_line_end},
             {"Foo: bar", ParseError::bad_line_end},
         }) {
      CAPTURE(std::string(row.first));
      CHECK(HTTPHeaders::parse(row.first).error() == row.second);
    }
  }

  // In quadratic time it would not end before the time limit of all tests together.
  TEST_CASE("adding 100,000 values of one name takes linear time") {
    constexpr int count = 100'000;
    HTTPHeaders headers;
    for (int i = 0; i < count; ++i) headers.add("foo", "bar");
    CHECK(headers.get("foo")->size() == count * 4 - 1);
    CHECK(headers.get_list("foo").size() == count);
    CHECK(HTTPHeaders::parse(headers.to_string())->size() == count);
    CHECK(headers.remove("foo"));
  }
}
