#include <doctest/doctest.h>
#include <funnel/http_error.h>

#include <set>
#include <string>

using namespace funnel;

TEST_SUITE("http.parse_error") {
  constexpr int last = static_cast<int>(ParseError::truncated_message);

  TEST_CASE("each error has a sentence of its own") {
    std::set<std::string> messages;
    for (int value = 1; value <= last; ++value) {
      const std::error_code code = static_cast<ParseError>(value);
      CHECK(code);
      CHECK(code.category() == http_error_category());
      CHECK(code.message().ends_with('.'));
      CHECK(code.message() != http_error_category().message(last + 1));
      messages.insert(code.message());
    }
    CHECK(messages.size() == last);
    CHECK(std::string(http_error_category().name()) == "funnel.http");
  }

  TEST_CASE("each error has its status, 400 unless there is a better one") {
    for (int value = 1; value <= last; ++value) {
      const auto error = static_cast<ParseError>(value);
      const int expected = error == ParseError::body_too_large            ? 413
                           : error == ParseError::start_line_too_long     ? 414
                           : error == ParseError::unknown_expectation     ? 417
                           : error == ParseError::headers_too_large       ? 431
                           : error == ParseError::too_many_headers        ? 431
                           : error == ParseError::connect_unsupported     ? 501
                           : error == ParseError::unknown_transfer_coding ? 501
                           : error == ParseError::unsupported_version     ? 505
                                                                          : 400;
      CHECK(status_of(error) == expected);
    }
  }
}
