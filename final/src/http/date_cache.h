#pragma once

#include <string_view>

namespace funnel::http {

/// Returns the value of a `Date` header for now, formatted once a second. Valid until the next
/// call on this thread.
std::string_view current_date();

}  // namespace funnel::http
