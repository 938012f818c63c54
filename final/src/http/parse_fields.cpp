#include "http/parse_fields.h"

#include <cstring>

#include "http/parse_chars.h"

namespace funnel::http {

const std::string_view* find_field(const std::vector<HeaderField>& fields,
                                   std::string_view name) noexcept {
  for (const HeaderField& field : fields) {
    if (equals_ignoring_case(field.name, name)) return &field.value;
  }
  return nullptr;
}

std::size_t find_line_feed(std::string_view buffer, std::size_t from) noexcept {
  if (from >= buffer.size()) return std::string_view::npos;
  const void* found = std::memchr(buffer.data() + from, '\n', buffer.size() - from);
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data());
}

void FieldLines::begin_at(std::size_t offset) noexcept {
  begin_ = line_begin_ = scanned_ = offset;
  spans_.clear();
}

ParseStatus FieldLines::feed(std::string_view buffer) {
  for (;;) {
    const std::size_t line_feed = find_line_feed(buffer, scanned_);
    const bool complete = line_feed != std::string_view::npos;
    const std::size_t seen = complete ? line_feed + 1 : buffer.size();
    // Before the line is looked at, so that the cuts decide nothing.
    if (seen - begin_ > limits_.max_header_bytes) return fail(ParseError::headers_too_large);
    scanned_ = seen;
    if (!complete) return ParseStatus::need_more;

    // RFC 9112 section 2.2 lets a recipient take a bare LF for a line end. A proxy that does
    // not would see other headers than we do, so it is refused.
    if (line_feed == line_begin_ || buffer[line_feed - 1] != '\r') {
      return fail(ParseError::bad_line_end);
    }
    const std::size_t line_begin = line_begin_;
    line_begin_ = line_feed + 1;
    if (line_feed - 1 == line_begin) return ParseStatus::done;
    if (!parse_line(buffer, line_begin, line_feed - 1)) return ParseStatus::failed;
  }
}

bool FieldLines::parse_line(std::string_view buffer, std::size_t begin, std::size_t end) {
  if (spans_.size() == limits_.max_header_lines) {
    fail(ParseError::too_many_headers);
    return false;
  }
  const std::string_view line = buffer.substr(begin, end - begin);
  const std::size_t colon = find_char_not(line, token_char);
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    fail(name_error(line, colon));
    return false;
  }
  const std::string_view value = trim_blanks(line.substr(colon + 1));
  if (!is_field_value(value)) {
    const bool bare_cr = value.find('\r') != std::string_view::npos;
    fail(bare_cr ? ParseError::bad_line_end : ParseError::bad_header_value);
    return false;
  }
  const auto value_begin = static_cast<std::size_t>(value.data() - buffer.data());
  spans_.push_back({begin, colon, value_begin, value.size()});
  return true;
}

ParseError FieldLines::name_error(std::string_view line, std::size_t name_end) noexcept {
  if (name_end == line.size()) return ParseError::bad_header_line;
  // Folding and a blank before the colon are how a header is hidden from one of two parsers
  // (RFC 9112 sections 5.1 and 5.2).
  if (line.front() == ' ' || line.front() == '\t') return ParseError::obsolete_folding;
  return ParseError::bad_header_name;
}

void FieldLines::append_to(std::vector<HeaderField>& fields, std::string_view buffer) const {
  const char* base = buffer.data();
  for (const Span& span : spans_) {
    fields.emplace_back(std::string_view(base + span.name_begin, span.name_size),
                        std::string_view(base + span.value_begin, span.value_size));
  }
}

ParseStatus FieldLines::fail(ParseError error) noexcept {
  error_ = error;
  return ParseStatus::failed;
}

}  // namespace funnel::http
