#include <funnel/web.h>

#include "http/parse_chars.h"
#include "websocket/utf8.h"

#include <funnel/escape.h>

#include <algorithm>
#include <cstddef>

namespace funnel::web {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Control characters become blanks, then blanks at the ends go, as in Tornado.
std::string clean(std::string value) {
  if (!websocket::is_valid_utf8(value)) throw HTTPError(400, "an argument is not UTF-8");
  for (char& c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x08 || (byte >= 0x0e && byte <= 0x1f)) c = ' ';
  }
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const std::size_t first = value.find_first_not_of(blanks);
  if (first == std::string::npos) return {};
  return value.substr(first, value.find_last_not_of(blanks) - first + 1);
}

// Ten megabytes of `&` would be millions of pairs, and the loop would stand still.
Pairs parse_arguments(std::string_view text, std::size_t most) {
  const auto separators = static_cast<std::size_t>(std::count(text.begin(), text.end(), '&'));
  if (!text.empty() && separators >= most) throw HTTPError(400, "too many arguments");
  return parse_qs(text);
}

bool has_form(const HTTPServerRequest& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  const std::string_view media_type = http::trim_blanks(type.substr(0, type.find(';')));
  return http::equals_ignoring_case(media_type, "application/x-www-form-urlencoded");
}

void append_values(std::vector<std::string>& values, const Pairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) values.push_back(clean(value));
  }
}

std::optional<std::string> last(std::vector<std::string> values) {
  if (values.empty()) return std::nullopt;
  return std::move(values.back());
}

}  // namespace

const Pairs& RequestHandler::query_arguments() const {
  if (!query_arguments_) {
    const std::size_t most = application().settings().max_arguments;
    query_arguments_ = parse_arguments(request().query(), most);
  }
  return *query_arguments_;
}

const Pairs& RequestHandler::body_arguments() const {
  if (!body_arguments_) {
    const std::size_t most = application().settings().max_arguments;
    body_arguments_ = has_form(request()) ? parse_arguments(request().body(), most) : Pairs();
  }
  return *body_arguments_;
}

std::vector<std::string> RequestHandler::get_arguments(std::string_view name) const {
  std::vector<std::string> values;
  append_values(values, query_arguments(), name);
  append_values(values, body_arguments(), name);
  return values;
}

std::string RequestHandler::get_argument(std::string_view name) const {
  std::optional<std::string> value = last(get_arguments(name));
  if (!value) throw MissingArgumentError(std::string(name));
  return *std::move(value);
}

std::string RequestHandler::get_argument(std::string_view name, std::string_view fallback) const {
  return last(get_arguments(name)).value_or(std::string(fallback));
}

std::optional<std::string> RequestHandler::get_query_argument(std::string_view name) const {
  std::vector<std::string> values;
  append_values(values, query_arguments(), name);
  return last(std::move(values));
}

std::optional<std::string> RequestHandler::get_body_argument(std::string_view name) const {
  std::vector<std::string> values;
  append_values(values, body_arguments(), name);
  return last(std::move(values));
}

}  // namespace funnel::web
