#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http/parse_fields.h"
#include "http/parse_status.h"

/// @file
/// The header fields that decide where a message ends and what its connection does next.

namespace funnel::http {

/// A field that may occur once: its value, and how often it occurs.
struct SingleField {
  SingleField() = default;

  void see(std::string_view seen) {
    value = seen;
    ++count;
  }
  [[nodiscard]] bool present() const { return count != 0; }

  std::string_view value;
  int count = 0;
};

/// The fields of a head that the connection itself must understand.
struct ConnectionFields {
  explicit ConnectionFields(const std::vector<HeaderField>& fields);

  /// Tells whether the connection stays open behind this message (RFC 9112 section 9.3).
  [[nodiscard]] bool keep_alive(int minor_version) const {
    return !close && (minor_version >= 1 || keep_alive_named);
  }

  SingleField host;
  SingleField content_length;
  SingleField transfer_encoding;
  SingleField expect;
  SingleField upgrade;
  bool close = false;
  bool keep_alive_named = false;
  bool upgrade_named = false;
};

/// Tells whether a `Connection` field asks for the connection's end.
bool names_close(std::string_view connection);

/// Checks `Transfer-Encoding` and that no other framing stands beside it (RFC 9112 section
/// 6.1); `no_error` when it is `chunked` or absent.
ParseError check_transfer_encoding(const ConnectionFields& fields, int minor_version);

/// Parses the one `Content-Length` that a request may have.
ParseError parse_content_length(std::string_view value, std::uint64_t& length);

/// Parses the `Content-Length` of a response: equal values may be repeated.
ParseError parse_equal_content_lengths(const std::vector<HeaderField>& fields,
                                       std::uint64_t& length);

}  // namespace funnel::http
