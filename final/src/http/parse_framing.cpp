#include "http/parse_framing.h"

#include <funnel/httputil.h>

#include <optional>

#include "http/parse_chars.h"

namespace funnel::http {
namespace {

/// Calls `visit` with each element of a comma-separated list, until it returns false.
template <typename Visit>
void for_each_element(std::string_view list, Visit visit) {
  for (;;) {
    const std::size_t comma = list.find(',');
    if (!visit(trim_blanks(list.substr(0, comma))) || comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

void read_connection(std::string_view value, ConnectionFields& fields) {
  if (names_close(value)) fields.close = true;
  for_each_element(value, [&fields](std::string_view option) {
    if (equals_ignoring_case(option, "keep-alive")) fields.keep_alive_named = true;
    if (equals_ignoring_case(option, "upgrade")) fields.upgrade_named = true;
    return true;
  });
}

/// Tells the list of known form that ends with `chunked` from one that says nothing about the
/// end of the body.
ParseError transfer_encoding_error(std::string_view value) {
  bool well_formed = true;
  bool chunked_before = false;
  std::string_view last;
  for_each_element(value, [&](std::string_view coding) {
    chunked_before = chunked_before || equals_ignoring_case(last, "chunked");
    last = coding;
    well_formed = is_token(coding);
    return well_formed;
  });
  const bool framed = well_formed && !chunked_before && equals_ignoring_case(last, "chunked");
  return framed ? ParseError::unknown_transfer_coding : ParseError::bad_transfer_encoding;
}

}  // namespace

bool names_close(std::string_view connection) {
  bool found = false;
  for_each_element(connection, [&found](std::string_view option) {
    found = equals_ignoring_case(option, "close");
    return !found;
  });
  return found;
}

ConnectionFields::ConnectionFields(const std::vector<HeaderField>& fields) {
  for (const auto& [name, value] : fields) {
    const auto is = [&name = name](std::string_view known) {
      return equals_ignoring_case(name, known);
    };
    // Most fields are none of these: their length alone says so.
    switch (name.size()) {
      case 4:
        if (is("host")) host.see(value);
        break;
      case 6:
        if (is("expect")) expect.see(value);
        break;
      case 7:
        if (is("upgrade")) upgrade.see(value);
        break;
      case 10:
        if (is("connection")) read_connection(value, *this);
        break;
      case 14:
        if (is("content-length")) content_length.see(value);
        break;
      case 17:
        if (is("transfer-encoding")) transfer_encoding.see(value);
        break;
      default:
        break;
    }
  }
}

ParseError check_transfer_encoding(const ConnectionFields& fields, int minor_version) {
  const SingleField& encoding = fields.transfer_encoding;
  if (!encoding.present()) return no_error;
  if (encoding.count > 1) return ParseError::duplicate_transfer_encoding;
  // RFC 9112 section 6.1: the framing of such a message is faulty.
  if (minor_version == 0) return ParseError::transfer_encoding_in_http_1_0;
  // RFC 9112 section 6.3 lets Transfer-Encoding win. Whoever let the other win before us
  // would see another end of the body (request smuggling).
  if (fields.content_length.present()) return ParseError::length_and_transfer_encoding;
  if (equals_ignoring_case(encoding.value, "chunked")) return no_error;
  return transfer_encoding_error(encoding.value);
}

ParseError parse_content_length(std::string_view value, std::uint64_t& length) {
  // A partial parse ("12abc") must fail: accepting the prefix is how two parsers come to
  // disagree about where a message ends.
  for (const char digit : value) {
    if (!is_digit(digit)) return ParseError::bad_content_length;
  }
  if (value.empty()) return ParseError::bad_content_length;
  const std::optional<std::uint64_t> parsed = parse_int(value);
  if (!parsed) return ParseError::content_length_overflow;
  length = *parsed;
  return no_error;
}

ParseError parse_equal_content_lengths(const std::vector<HeaderField>& fields,
                                       std::uint64_t& length) {
  std::optional<std::uint64_t> first;
  ParseError error = no_error;
  for (const HeaderField& field : fields) {
    if (!equals_ignoring_case(field.name, "content-length")) continue;
    for_each_element(field.value, [&](std::string_view element) {
      error = parse_content_length(element, length);
      if (error != no_error) return false;
      if (first && *first != length) error = ParseError::duplicate_content_length;
      first = length;
      return error == no_error;
    });
    if (error != no_error) return error;
  }
  return no_error;
}

}  // namespace funnel::http
