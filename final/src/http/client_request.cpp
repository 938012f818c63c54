#include "http/client_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <funnel/escape.h>

#include "http/parse_chars.h"

namespace funnel::http {
namespace {

template <std::size_t n>
bool is_one_of(std::string_view text, const std::array<std::string_view, n>& words) noexcept {
  return std::find(words.begin(), words.end(), text) != words.end();
}

constexpr std::array<std::string_view, 3> with_body{"POST", "PUT", "PATCH"};
constexpr std::array<std::string_view, 5> without_body{"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"};
constexpr std::array<std::string_view, 6> idempotent{"GET",     "HEAD",  "PUT",
                                                     "OPTIONS", "TRACE", "DELETE"};

[[noreturn]] void refuse(const std::string& sentence) { throw std::invalid_argument(sentence); }

void check_method(const std::string& method, bool has_body) {
  if (!is_token(method)) refuse("The method of the request is not a token.");
  if (method == "CONNECT") refuse("CONNECT asks for a tunnel: it cannot be fetched.");
  if (has_body && is_one_of(method, without_body)) {
    refuse(fmt::format("The body of a {} request must not be set.", method));
  }
  if (!has_body && is_one_of(method, with_body)) {
    refuse(fmt::format("The body of a {} request must be set; it may be empty.", method));
  }
}

// Names and values are clean already, `HTTPHeaders` sees to that; but who frames a message
// twice, or names two hosts, leaves it to the server which of them it believes.
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

std::string base64(std::string_view text) {
  std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');  // the encoder adds a NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                  reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  encoded.pop_back();
  return encoded;
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_body_fields(std::string& out, const HTTPRequest& request) {
  if (!request.headers.contains("Content-Length")) {
    char digits[20];
    const char* end = std::to_chars(digits, digits + sizeof digits, request.body->size()).ptr;
    append_field(out, "Content-Length", {digits, static_cast<std::size_t>(end - digits)});
  }
  if (request.method == "POST" && !request.headers.contains("Content-Type")) {
    append_field(out, "Content-Type", "application/x-www-form-urlencoded");
  }
}

}  // namespace

URL parse_request_url(const std::string& text) {
  const Result<URL> url = URL::parse(text);
  if (!url) refuse(url.error().message());
  return *url;
}

void check_request(const HTTPRequest& request) {
  check_method(request.method, request.body.has_value());
  check_headers(request.headers, request.body ? request.body->size() : 0);
  if (!is_valid_header_value(request.user_agent)) {
    refuse("The user agent of the request has a control character.");
  }
  if (request.connect_timeout < Duration::zero() || request.request_timeout < Duration::zero()) {
    refuse("A time-out of the request is negative; 0 means none.");
  }
}

void apply_userinfo(HTTPRequest& request, const URL& url) {
  if (url.userinfo().empty()) return;
  const std::string_view userinfo = url.userinfo();
  const std::size_t colon = std::min(userinfo.find(':'), userinfo.size());
  std::string credentials = url_unescape(userinfo.substr(0, colon), false);
  // RFC 7617 section 2: the first colon ends the name, whoever wrote it.
  if (credentials.find(':') != std::string::npos) {
    refuse("The user name in the URL has a colon, which Basic authentication cannot transmit.");
  }
  credentials += ':';
  if (colon < userinfo.size()) credentials += url_unescape(userinfo.substr(colon + 1), false);
  request.headers.set("Authorization", "Basic " + base64(credentials));
}

void append_request_head(std::string& out, const HTTPRequest& request, const URL& url) {
  out.append(request.method).append(" ").append(url.target()).append(" HTTP/1.1\r\n");
  if (!request.headers.contains("Host")) append_field(out, "Host", url.host_header());
  if (!request.user_agent.empty() && !request.headers.contains("User-Agent")) {
    append_field(out, "User-Agent", request.user_agent);
  }
  for (const auto& [name, value] : request.headers) append_field(out, name, value);
  if (request.body) append_body_fields(out, request);
  out += "\r\n";
}

bool is_idempotent(std::string_view method) noexcept { return is_one_of(method, idempotent); }

bool allows_keep_alive(const HTTPHeaders& headers) {
  const std::optional<std::string> connection = headers.get("Connection");
  return !connection || equals_ignoring_case(*connection, "keep-alive");
}

}  // namespace funnel::http
