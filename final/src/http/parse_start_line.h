#pragma once

#include <cstddef>
#include <string_view>

#include "http/parse_status.h"

/// @file
/// Request lines and status lines, without their line ends.

namespace funnel::http {

/// Where the parts of a request line are: method, one space, target, one space, version.
struct RequestLineParts {
  RequestLineParts() = default;

  [[nodiscard]] std::string_view method(std::string_view line) const {
    return line.substr(0, method_size);
  }
  [[nodiscard]] std::string_view target(std::string_view line) const {
    return line.substr(method_size + 1, target_size);
  }

  std::size_t method_size = 0;
  std::size_t target_size = 0;
  int minor_version = 1;
};

/// What a status line says; the reason begins at a fixed place.
struct StatusLineParts {
  StatusLineParts() = default;

  [[nodiscard]] std::string_view reason(std::string_view line) const { return line.substr(13); }

  int minor_version = 1;
  int code = 0;
};

/// Takes a request line apart; returns what is wrong with it, or `no_error`.
ParseError parse_request_line(std::string_view line, RequestLineParts& parts);

/// Takes a status line apart; returns what is wrong with it, or `no_error`.
ParseError parse_status_line(std::string_view line, StatusLineParts& parts);

}  // namespace funnel::http
