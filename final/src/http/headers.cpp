#include <funnel/httputil.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "http/parse_chars.h"
#include "http/parse_fields.h"

namespace funnel {
namespace {

std::string in_header_case(std::string_view name) {
  std::string out(name);
  bool at_start = true;
  for (char& byte : out) {
    const bool is_lower = byte >= 'a' && byte <= 'z';
    byte = at_start && is_lower ? static_cast<char>(byte - ('a' - 'A'))
           : at_start           ? byte
                                : http::to_lower(byte);
    at_start = byte == '-';
  }
  return out;
}

// A CR or LF in either would let whoever chose it write headers, or a second message.
void require_valid(std::string_view name, std::string_view value) {
  if (!is_token(name)) throw std::invalid_argument("The header name is not a token.");
  if (!is_valid_header_value(value)) {
    throw std::invalid_argument("The value of header " + std::string(name) +
                                " has a control character.");
  }
}

auto has_name(std::string_view name) {
  return [name](const HTTPHeaders::Field& field) {
    return http::equals_ignoring_case(field.first, name);
  };
}

http::HeadLimits no_limits() {
  http::HeadLimits limits;
  limits.max_header_bytes = std::numeric_limits<std::size_t>::max();
  limits.max_header_lines = std::numeric_limits<std::size_t>::max();
  return limits;
}

}  // namespace

Result<HTTPHeaders> HTTPHeaders::parse(std::string_view lines) {
  http::FieldLines parser(no_limits());
  parser.begin_at(0);
  const http::ParseStatus status = parser.feed(lines);
  if (status == http::ParseStatus::failed) return parser.error();
  if (status == http::ParseStatus::done) return ParseError::bad_header_line;  // it is empty
  if (parser.end() != lines.size()) return ParseError::bad_line_end;
  std::vector<http::HeaderField> fields;
  parser.append_to(fields, lines);
  HTTPHeaders headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return headers;
}

void HTTPHeaders::add(std::string_view name, std::string_view value) {
  require_valid(name, value);
  fields_.emplace_back(in_header_case(name), value);
}

void HTTPHeaders::set(std::string_view name, std::string_view value) {
  require_valid(name, value);
  const auto first = std::find_if(fields_.begin(), fields_.end(), has_name(name));
  if (first == fields_.end()) {
    fields_.emplace_back(in_header_case(name), value);
    return;
  }
  std::string copy(value);  // may point into a value that goes away below
  fields_.erase(std::remove_if(first + 1, fields_.end(), has_name(first->first)), fields_.end());
  first->second = std::move(copy);
}

bool HTTPHeaders::remove(std::string_view name) {
  const std::string copy(name);  // may point into a field that goes away
  return std::erase_if(fields_, has_name(copy)) > 0;
}

std::optional<std::string> HTTPHeaders::get(std::string_view name) const {
  std::optional<std::string> joined;
  for (const Field& field : fields_) {
    if (!has_name(name)(field)) continue;
    if (!joined) {
      joined = field.second;
    } else {
      joined->append(",").append(field.second);
    }
  }
  return joined;
}

std::vector<std::string> HTTPHeaders::get_list(std::string_view name) const {
  std::vector<std::string> values;
  for (const Field& field : fields_) {
    if (has_name(name)(field)) values.push_back(field.second);
  }
  return values;
}

bool HTTPHeaders::contains(std::string_view name) const noexcept {
  return std::any_of(fields_.begin(), fields_.end(), has_name(name));
}

std::string HTTPHeaders::to_string() const {
  std::string lines;
  for (const auto& [name, value] : fields_) {
    lines.append(name).append(": ").append(value).append("\r\n");
  }
  return lines;
}

}  // namespace funnel
