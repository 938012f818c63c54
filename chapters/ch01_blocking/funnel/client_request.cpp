#include "client_request.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "addresses.h"

namespace funnel::detail {
namespace {

template <std::size_t n>
bool is_one_of(std::string_view text, const std::array<std::string_view, n>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 3> with_body{"POST", "PUT", "PATCH"};
constexpr std::array<std::string_view, 5> without_body{"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"};

[[noreturn]] void refuse(const std::string& sentence) { throw std::invalid_argument(sentence); }

void check_method(const std::string& method, bool has_body) {
  // The method is the first word that is sent: a blank or line end in it would make what follows
  // it a part of the request line, or a line of its own.
  if (!is_token(method)) refuse("The method of the request is not a token.");
  if (method == "CONNECT") refuse("CONNECT asks for a tunnel: it cannot be fetched.");
  if (has_body && is_one_of(method, without_body)) {
    refuse(fmt::format("The body of a {} request must not be set.", method));
  }
  if (!has_body && is_one_of(method, with_body)) {
    refuse(fmt::format("The body of a {} request must be set; it may be empty.", method));
  }
}

// Names and values are clean already: `HTTPHeaders` sees to that. But who names two hosts, or
// says twice where the body ends, leaves it to the server which of them it believes.
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
  // Fetching the page without them would give another page than the one that was asked for.
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
    refuse("A time-out of the request is negative; 0 means none.");
  }
  if (url->scheme() == "https") {
    throw std::system_error(
        std::make_error_code(std::errc::protocol_not_supported),
        fmt::format("{} is to be asked by https, but this client speaks http only",
                    host_and_port(url->host(), url->port())));
  }
  return *url;
}

}  // namespace funnel::detail
