#include "client_request.h"

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "addresses.h"

namespace funnel::detail {
namespace {

constexpr std::array<std::string_view, 3> with_body{"POST", "PUT", "PATCH"};
constexpr std::array<std::string_view, 5> without_body{"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"};

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

[[noreturn]] void refuse(const std::string& sentence) { throw std::invalid_argument(sentence); }

void check_method(const std::string& method, bool has_body) {
  // The method is the first word that is sent. With a space or a line end in it, the caller's text
  // would become a part of the request line, or a line of its own.
  if (!is_token(method)) refuse("The method of the request is not a token.");
  if (method == "CONNECT") refuse("CONNECT asks for a tunnel: it cannot be fetched.");
  if (has_body && is_one_of(method, without_body)) {
    refuse(fmt::format("The body of a {} request must not be set.", method));
  }
  if (!has_body && is_one_of(method, with_body)) {
    refuse(fmt::format("The body of a {} request must be set; it may be empty.", method));
  }
}

// Names and values are clean already: `HTTPHeaders` sees to that. But with two hosts, or two
// statements about where the body ends, the server decides which of them it believes.
void check_headers(const HTTPHeaders& headers, std::size_t body_size) {
  if (headers.contains("Transfer-Encoding")) {
    refuse("The request has a Transfer-Encoding, but its body is sent with a Content-Length.");
  }
  if (headers.get_list("Host").size() > 1) refuse("The request has more than one Host.");
  const std::optional<std::string> length = headers.get("Content-Length");
  if (length && parse_int(*length) != body_size) {
    refuse(fmt::format("The request has Content-Length {}, but a body of {} bytes.", *length,
                       body_size));
  }
}

}  // namespace

URL check_request(const HTTPRequest& request) {
  const Result<URL> url = URL::parse(request.url);
  if (!url) refuse(url.error().message());
  // Without them the server would send a different page.
  if (!url->userinfo().empty()) {
    refuse("The URL has a user name, which this client cannot send.");
  }
  check_method(request.method, request.body.has_value());
  check_headers(request.headers, request.body ? request.body->size() : 0);
  if (!is_valid_header_value(request.user_agent)) {
    refuse("The user agent of the request has a control character.");
  }
  const auto zero = HTTPRequest::Duration::zero();
  if (request.connect_timeout < zero || request.request_timeout < zero) {
    refuse("A timeout of the request is negative; 0 means none.");
  }
  if (url->scheme() == "https") {
    throw std::system_error(
        std::make_error_code(std::errc::protocol_not_supported),
        fmt::format("{} is to be fetched by https, but this client speaks only http",
                    host_and_port(url->host(), url->port())));
  }
  return *url;
}

std::string request_text(const HTTPRequest& request, const URL& url) {
  // A header that the caller has set is not added again. Everything goes through `HTTPHeaders`,
  // which refuses any byte that could end a line.
  HTTPHeaders added;
  const auto add_missing = [&](std::string_view name, std::string_view value) {
    if (!request.headers.contains(name)) added.add(name, value);
  };
  add_missing("Host", url.host_header());  // one address serves many sites
  if (!request.user_agent.empty()) add_missing("User-Agent", request.user_agent);
  add_missing("Connection", "close");
  if (request.body) add_missing("Content-Length", std::to_string(request.body->size()));
  if (request.method == "POST") add_missing("Content-Type", "application/x-www-form-urlencoded");

  // A client that says HTTP/1.1 promises to understand chunked responses (RFC 9112 section 7.1).
  // This one does not, so it says 1.0, and servers send it bodies whose end it can see.
  std::string text = request.method + " " + url.target() + " HTTP/1.0\r\n";
  text += added.to_string() + request.headers.to_string() + "\r\n";
  return request.body ? text + *request.body : text;
}

}  // namespace funnel::detail
