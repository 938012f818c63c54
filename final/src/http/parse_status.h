#pragma once

#include <funnel/http_error.h>

/// @file
/// How the parsers report.

namespace funnel::http {

/// How far an incremental parser came.
enum class ParseStatus { need_more, done, failed };

/// What a check returns when nothing is wrong. Not an optional: that would be written in two
/// stores and read back in one load, a stall of a dozen cycles at each check of each request.
inline constexpr ParseError no_error{};

}  // namespace funnel::http
