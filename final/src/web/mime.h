#pragma once

#include <string_view>

namespace funnel::web {

/// Returns the media type for a file name, by its extension.
std::string_view mime_type(std::string_view filename) noexcept;

}  // namespace funnel::web
