#pragma once

#include <string>
#include <string_view>

namespace funnel::web {

/// Returns the SHA-1 of `body` in hexadecimal digits and double quotes.
std::string etag_of(std::string_view body);

/// Tells whether an `If-None-Match` names `etag`: weak comparison (RFC 9110 section 8.8.3.2), and
/// `*` names any.
bool etag_matches(std::string_view if_none_match, std::string_view etag) noexcept;

}  // namespace funnel::web
