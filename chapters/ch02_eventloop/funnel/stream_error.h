#pragma once

#include <system_error>
#include <type_traits>

namespace funnel {

/// Why a stream gives no more, when nothing is broken.
enum class StreamError {
  /// The peer has closed its side: no byte will come.
  end_of_stream = 1,
  /// This side has closed the stream.
  closed,
};

/// Returns the category named `funnel.stream`; its messages are full sentences.
const std::error_category& stream_error_category() noexcept;

/// Wraps a `StreamError`; found by argument-dependent lookup.
std::error_code make_error_code(StreamError error) noexcept;

}  // namespace funnel

template <>
struct std::is_error_code_enum<funnel::StreamError> : std::true_type {};
