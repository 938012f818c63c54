// Gives the same bytes to the parsers of chapter 1. What they take must be what they say: its text
// form is taken again and means the same, it has no byte that could end a line, and no part of
// a head is a head.

#include <funnel/httputil.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include "support/exact_bytes.h"

namespace {

using namespace funnel;
using test_support::ExactBytes;

constexpr std::size_t most_cuts = 300;  // of a head: each of them is parsed

void require(bool condition) {
  if (!condition) std::abort();
}

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char byte) { return byte > 0x20 && byte < 0x7F; });
}

void check_url(std::string_view text) {
  const Result<URL> url = URL::parse(text);
  if (!url) {
    require(url.error().category() == url_error_category());
    return;
  }
  require(url->scheme() == "http" || url->scheme() == "https");
  require(!url->host().empty() && url->port() != 0);
  // Nobody can find the host elsewhere.
  require((url->userinfo() + url->host()).find_first_of("@/\\?#[]<>|") == std::string::npos);
  require(url->target().starts_with('/') && url->target().find('#') == std::string::npos);
  const std::string whole = url->to_string();
  require(is_visible_ascii(whole) && is_valid_header_value(url->host_header()));
  const Result<URL> again = URL::parse(whole);
  require(again.has_value());
  require(again->to_string() == whole && again->host() == url->host() &&
          again->port() == url->port() && again->target() == url->target() &&
          again->userinfo() == url->userinfo());
}

void check_head(std::string_view text) {
  const Result<ResponseHead> head = parse_response_head(text);
  if (!head) {
    require(head.error().category() == http_error_category());
    return;
  }
  require(head->start_line.code >= 100 && head->start_line.code <= 999);
  require(is_valid_header_value(head->start_line.reason));
  for (const auto& [name, value] : head->headers) {
    require(is_token(name) && is_valid_header_value(value));
    require(value.find_first_of(" \t") != 0);
    require(value.empty() || value.find_last_of(" \t") != value.size() - 1);
  }
  const Result<HTTPHeaders> again = HTTPHeaders::parse(head->headers.to_string());
  require(again.has_value() && *again == head->headers);
  for (std::size_t size = 0; size < std::min(text.size(), most_cuts); ++size) {
    require(!parse_response_head(ExactBytes(text.substr(0, size)).view()).has_value());
  }
}

void check_request_line(std::string_view text) {
  const Result<RequestStartLine> line = parse_request_start_line(text);
  if (!line) return;
  require(is_token(line->method) && !line->target.empty() && is_visible_ascii(line->target));
  require(text.starts_with(line->method + " " + line->target + " HTTP/1."));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ExactBytes input(std::string_view(reinterpret_cast<const char*>(data), size));
  check_url(input.view());
  check_head(input.view());
  check_request_line(input.view());
  return 0;
}
