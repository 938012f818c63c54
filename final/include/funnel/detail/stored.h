#pragma once

#include <type_traits>
#include <variant>

namespace funnel::detail {

/// What a place for a `T` holds: `void` has no values, so something empty stands for it.
template <typename T>
using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

}  // namespace funnel::detail
