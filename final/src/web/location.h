#pragma once

#include <string_view>

namespace funnel::web {

/// Tells whether a browser that is given this path for a link or a redirect would go to another
/// host: it reads `//host/` so, and takes a backslash for a slash.
constexpr bool leads_to_other_host(std::string_view path) noexcept {
  return path.starts_with("//") || path.starts_with("/\\");
}

}  // namespace funnel::web
