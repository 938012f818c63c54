#pragma once

// What the library uses of Asio. Compiled once, in asio.cpp (ASIO_SEPARATE_COMPILATION).

#include <asio/error.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <system_error>

namespace funnel::detail {

/// Returns the same error in the standard category: codes of Asio 1.22's own equal none of
/// `std::errc`.
inline std::error_code standard_error(const asio::error_code& error) noexcept {
  if (error.category() != asio::error::get_system_category()) return error;
  return {error.value(), std::system_category()};
}

}  // namespace funnel::detail
