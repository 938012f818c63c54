// final: no, its client still refuses folded lines

#include <funnel/httputil.h>

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "support/readable.h"

// Given code: header lines that a server has folded (RFC 9112 section 5.2).

using funnel::HTTPHeaders;
using funnel::ParseError;

namespace {

const std::string status_line = "HTTP/1.1 200 OK\r\n";

/// Returns the value of the header `A`, or the sentence of the error.
std::string value_of(const std::string& lines) {
  const auto head = funnel::parse_response_head(status_line + lines + "\r\n");
  return head ? head->headers.get("A").value_or("no such header") : head.error().message();
}

}  // namespace

TEST_SUITE("ch01.response_folding") {
  TEST_CASE("a folded header line is joined by one space") {
    for (const auto& [lines, expected] : {
             std::pair{"A: b\r\n folded\r\n", "b folded"},
             {"A: b \t\r\n \t folded\r\n", "b \t folded"},
             {"A: b\r\n\tone\r\n two\r\n", "b one two"},
             {"A:\r\n b\r\n", "b"},
             {"A: b\r\n \r\n", "b"},
             {"A: b\r\n   Content-Length: 5\r\nC: d\r\n", "b Content-Length: 5"},
         }) {
      CHECK(value_of(lines) == expected);
    }
  }

  TEST_CASE("a fold without a line before it is refused") {
    CHECK(value_of(" A: b\r\n") == make_error_code(ParseError::obsolete_folding).message());
    CHECK(value_of("A: b\r\nno colon\r\n here\r\n") ==
          make_error_code(ParseError::bad_header_name).message());
    // Only servers may fold: the lines of a request are parsed as they are.
    CHECK(HTTPHeaders::parse("A: b\r\n folded\r\n").error() == ParseError::obsolete_folding);
  }
}
