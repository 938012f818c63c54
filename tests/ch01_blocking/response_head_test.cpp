// final: yes

#include <funnel/httputil.h>

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "support/readable.h"
#include "support/story.h"

// Given code.

using funnel::HTTPHeaders;
using funnel::ParseError;
using funnel::ResponseHead;
using test_support::shown;
using test_support::tell;

namespace {

const std::string status_line = "HTTP/1.1 200 OK\r\n";

/// Parses a head that is expected to be good.
ResponseHead parsed(const std::string& head) {
  tell("yours", "is given the head " + shown(head));
  const funnel::Result<ResponseHead> result = funnel::parse_response_head(head);
  if (!result) tell("yours", "refuses it: " + result.error().message());
  return result.value();
}

const std::string taken = "It is taken.";

/// Tells with which sentence a head is refused.
std::string refusal(std::string_view head) {
  tell("yours", "is given the head " + shown(head));
  const std::error_code error = funnel::parse_response_head(head).error();
  std::string sentence = error ? error.message() : taken;
  tell("yours", "says: " + sentence);
  return sentence;
}

std::string sentence(ParseError error) { return make_error_code(error).message(); }

}  // namespace

TEST_SUITE("ch01.response_head") {
  TEST_CASE("a response head is split into its parts") {
    const ResponseHead head =
        parsed("HTTP/1.1 404 Not Found\r\ncontent-LENGTH: 5\r\nServer: x\r\n\r\n");
    CHECK(head.start_line.version == "HTTP/1.1");
    CHECK(head.start_line.code == 404);
    CHECK(head.start_line.reason == "Not Found");
    CHECK(head.headers.size() == 2);
    CHECK(head.headers.get("Content-Length") == "5");
    CHECK(head.headers.get("server") == "x");
    CHECK(parsed(status_line + "\r\n").headers.empty());

    // The reason may be missing, or be anything; only its space is always there.
    CHECK(parsed("HTTP/1.0 200 \r\n\r\n").start_line.reason.empty());
    CHECK(parsed("HTTP/1.0 200 \r\n\r\n").start_line.version == "HTTP/1.0");
    CHECK(parsed("HTTP/1.1 999 \t \xE9\r\n\r\n").start_line.reason == "\t \xE9");
    // A later 1.x only adds to what is known.
    CHECK(parsed("HTTP/1.7 200 OK\r\n\r\n").start_line.version == "HTTP/1.1");
  }

  TEST_CASE("a malformed status line is refused") {
    for (const char* line : {"",
                             "HTTP/1.1",
                             "HTTP/1.1 200",
                             "HTTP/1.1 2000 OK",
                             "HTTP/1.1 20 OK",
                             "HTTP/1.1 20",
                             "HTTP/1.1 2x0 OK",
                             "HTTP/1.1 099 OK",
                             "HTTP/1.1 +20 OK",
                             "HTTP/1.1 -20 OK",
                             "HTTP/1.1 2 0 OK",
                             "HTTP/1.1  20 OK",
                             "HTTP/1.1  200 OK",
                             "HTTP/1.1\t200 OK",
                             "HTTP/1.1 200\tOK",
                             "ICY 200 OK",
                             "http/1.1 200 OK",
                             "HTTP/1.10 200 OK",
                             "HTTP/1 200 OK",
                             "HTTP/x.1 200 OK",
                             " HTTP/1.1 200 OK",
                             "HTTP/1.1 200 O\x01K",
                             "HTTP/1.1 200 O\rK",
                             "HTTP/1.1 200 O\nK",
                             "SSH-2.0-OpenSSH_9.2"}) {
      REQUIRE(refusal(std::string(line) + "\r\n\r\n") == sentence(ParseError::bad_status_line));
    }
    REQUIRE(refusal("HTTP/2.0 200 OK\r\n\r\n") == sentence(ParseError::unsupported_version));
    REQUIRE(refusal("HTTP/0.9 200 OK\r\n\r\n") == sentence(ParseError::unsupported_version));
  }

  TEST_CASE("header lines keep their order and values lose surrounding spaces") {
    const ResponseHead head = parsed(status_line +
                                     "A: one\r\n"
                                     "B: \t two words: and a colon \t \r\n"
                                     "C:no blank\r\n"
                                     "Empty:\r\n"
                                     "Blank: \t\r\n"
                                     "a: three\r\n"
                                     "Other: \x80\xFF\tx\r\n\r\n");
    std::string lines;
    for (const auto& [name, value] : head.headers)
      lines.append(name).append("=").append(value).append(";");
    CHECK(lines ==
          "A=one;B=two words: and a colon;C=no blank;Empty=;Blank=;A=three;Other=\x80\xFF\tx;");
    CHECK(head.headers.get("a") == "one,three");

    // The text of headers is parsed to equal headers again.
    const funnel::Result<HTTPHeaders> again = HTTPHeaders::parse(head.headers.to_string());
    REQUIRE(again);
    CHECK(*again == head.headers);
    CHECK(HTTPHeaders::parse("")->empty());
  }

  TEST_CASE("a header line that could be read in two ways is refused") {
    for (const auto& [lines, expected] : {
             std::pair{"nocolon\r\n", ParseError::bad_header_line},
             {"\r\n", ParseError::bad_header_line},
             {"A: b\r\n\r\nC: d\r\n", ParseError::bad_header_line},
             {" A: b\r\n", ParseError::obsolete_folding},
             {"Content-Length : 5\r\n", ParseError::bad_header_name},
             {"Content-Length\t: 5\r\n", ParseError::bad_header_name},
             {": b\r\n", ParseError::bad_header_name},
             {"A[]: b\r\n", ParseError::bad_header_name},
             {"\xC3\xA9: b\r\n", ParseError::bad_header_name},
             {"A\rB: c\r\n", ParseError::bad_header_name},
             {"A: b\x01\r\n", ParseError::bad_header_value},
             {"A: b\x7F\r\n", ParseError::bad_header_value},
             {"A: \vb\r\n", ParseError::bad_header_value},
             {"A: b\rC: d\r\n", ParseError::bad_line_end},
             {"A: b\r\r\n", ParseError::bad_line_end},
             {"A: b\nC: d\r\n", ParseError::bad_line_end},
             {"\nA: b\r\n", ParseError::bad_line_end},
         }) {
      REQUIRE(refusal(status_line + lines + "\r\n") == sentence(expected));
    }
    REQUIRE(refusal(status_line + "no colon\r\n\r\n") == sentence(ParseError::bad_header_name));
    const std::string with_nul = status_line + "A: b" + std::string(1, '\0') + "\r\n\r\n";
    REQUIRE(refusal(with_nul) == sentence(ParseError::bad_header_value));
  }

  TEST_CASE("half a response head is refused") {
    const std::string whole = status_line + "A: b\r\nCd: ef\r\n\r\n";
    CHECK(parsed(whole).headers.size() == 2);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      REQUIRE(refusal(whole.substr(0, size)) == sentence(ParseError::bad_line_end));
    }
    tell("yours", "HTTPHeaders::parse is given a line whose end is missing");
    REQUIRE(HTTPHeaders::parse("A: b\r\nCd: ef").error().message() ==
            sentence(ParseError::bad_line_end));
    REQUIRE(HTTPHeaders::parse("A: b\r").error().message() == sentence(ParseError::bad_line_end));
    tell("yours",
         "HTTPHeaders::parse is given a view that begins with \\n, and before it is a \\r");
    const std::string_view behind_a_cr = std::string_view("\r\nA: b\r\n").substr(1);
    REQUIRE(HTTPHeaders::parse(behind_a_cr).error().message() ==
            sentence(ParseError::bad_line_end));
    for (const std::string behind : {"\r\n", "x", "\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
      REQUIRE(refusal(whole + behind) != taken);
    }
    // With line ends of another kind it is no head, whatever others take for one.
    REQUIRE(refusal("HTTP/1.1 200 OK\nA: b\n\n") == sentence(ParseError::bad_line_end));
  }
}
