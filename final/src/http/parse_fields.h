#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "http/parse_status.h"

/// @file
/// The lines that heads and trailer sections share: `name: value` CRLF, up to an empty line.

namespace funnel::http {

/// The limits of a message's head. What is above is refused as soon as it is seen, also while
/// the head is incomplete.
struct HeadLimits {
  HeadLimits() = default;

  std::size_t max_request_line =
      std::size_t{8} * 1024;  ///< bytes of a request or status line, with its end
  std::size_t max_header_bytes = std::size_t{64} * 1024;  ///< bytes of all header lines
  std::size_t max_header_lines = 100;
};

/// A header field as views into a buffer, the value without surrounding blanks.
struct HeaderField {
  HeaderField(std::string_view name_, std::string_view value_) : name(name_), value(value_) {}

  std::string_view name;
  std::string_view value;
};

/// Returns the value of the first field of that name, or null when there is none.
const std::string_view* find_field(const std::vector<HeaderField>& fields,
                                   std::string_view name) noexcept;

/// Returns the offset of the first LF at or behind `from`, or `npos`.
std::size_t find_line_feed(std::string_view buffer, std::size_t from) noexcept;

/// Parses field lines incrementally. The buffer may move between calls, so fields are kept as
/// offsets until `append_to`.
class FieldLines {
 public:
  explicit FieldLines(const HeadLimits& limits) : limits_(limits) {}

  /// Starts over: the first line begins at this offset of the buffer.
  void begin_at(std::size_t offset) noexcept;

  /// Looks at what is new; `done` behind the empty line.
  ParseStatus feed(std::string_view buffer);

  /// Returns the offset behind the last complete line: after `done`, behind the empty line.
  [[nodiscard]] std::size_t end() const noexcept { return line_begin_; }

  /// Appends the fields as views into the buffer of the last `feed`. Only after `done`.
  void append_to(std::vector<HeaderField>& fields, std::string_view buffer) const;

  [[nodiscard]] ParseError error() const noexcept { return error_; }
  [[nodiscard]] const HeadLimits& limits() const noexcept { return limits_; }

 private:
  struct Span {
    std::size_t name_begin;
    std::size_t name_size;
    std::size_t value_begin;
    std::size_t value_size;
  };

  bool parse_line(std::string_view buffer, std::size_t begin, std::size_t end);
  static ParseError name_error(std::string_view line, std::size_t name_end) noexcept;
  ParseStatus fail(ParseError error) noexcept;

  HeadLimits limits_;
  std::size_t begin_ = 0;       // of the first line
  std::size_t line_begin_ = 0;  // of the line that is incomplete
  std::size_t scanned_ = 0;     // no line end between line_begin_ and here
  std::vector<Span> spans_;
  ParseError error_ = no_error;
};

}  // namespace funnel::http
