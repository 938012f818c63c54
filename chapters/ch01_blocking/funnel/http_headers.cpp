#include <funnel/httputil.h>

#include <algorithm>
#include <stdexcept>

#include "http_text.h"

// A list of pairs, searched from the front. A message has a dozen fields or so: a map would not be
// faster, and would lose their order.

namespace funnel {
namespace {

/// `content-TYPE` becomes `Content-Type`.
std::string in_header_case(std::string_view name) {
  std::string out = detail::lower_case(name);
  bool at_start = true;
  for (char& byte : out) {
    if (at_start && byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
    at_start = byte == '-';
  }
  return out;
}

// Everything that is sent goes through here. A CR or LF in a value would end its line, and the
// author of the value (somebody who fills in a form, or names a file) could write headers of their
// own after it, or a whole second message.
void require_valid(std::string_view name, std::string_view value) {
  if (!is_token(name)) throw std::invalid_argument("The header name is not a token.");
  if (!is_valid_header_value(value)) {
    throw std::invalid_argument("The value of header " + std::string(name) +
                                " has a control character.");
  }
}

auto has_name(std::string_view name) {
  return [name](const HTTPHeaders::Field& field) {
    return detail::equals_ignoring_case(field.first, name);
  };
}

}  // namespace

void HTTPHeaders::add(std::string_view name, std::string_view value) {
  require_valid(name, value);
  fields_.emplace_back(in_header_case(name), value);
}

void HTTPHeaders::set(std::string_view name, std::string_view value) {
  require_valid(name, value);
  // Name and value may be views into a field that is erased below, so they are copied first.
  Field field(in_header_case(name), value);
  const auto first = std::find_if(fields_.begin(), fields_.end(), has_name(field.first));
  if (first == fields_.end()) {
    fields_.push_back(std::move(field));
    return;
  }
  fields_.erase(std::remove_if(first + 1, fields_.end(), has_name(field.first)), fields_.end());
  *first = std::move(field);
}

bool HTTPHeaders::remove(std::string_view name) {
  const std::string copy(name);  // may be a view into a field that is removed
  return std::erase_if(fields_, has_name(copy)) > 0;
}

std::optional<std::string> HTTPHeaders::get(std::string_view name) const {
  std::optional<std::string> joined;
  for (const Field& field : fields_) {
    if (!has_name(name)(field)) continue;
    joined = joined ? *joined + "," + field.second : field.second;
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
