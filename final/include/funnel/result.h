#pragma once

#include <system_error>
#include <utility>
#include <variant>

/// @file
/// The value-or-error type for failures that a caller is expected to handle.

namespace funnel {

/// Holds either a `T` or a `std::error_code`, never both and never neither.
///
/// Returned where failure is ordinary: bytes from a peer, a look-up that may
/// miss. An operation that cannot proceed throws instead, and a broken contract
/// aborts (`FUNNEL_ASSERT`). Any thread, as a value.
///
/// The constructors are not decoration: g++ 12 destroys a temporary of aggregate
/// type twice in a statement that contains `co_await`.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(std::error_code error) : state_(std::in_place_index<1>, error) {}

  /// Takes an enumerator of a registered error enum, such as `ParseError`.
  template <typename Enum>
  requires std::is_error_code_enum_v<Enum> Result(Enum error) : Result(make_error_code(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// Returns the value, or throws `std::system_error` carrying `error()`.
  const T& value() const& {
    require_value();
    return std::get<0>(state_);
  }
  T& value() & {
    require_value();
    return std::get<0>(state_);
  }
  T value() && {
    require_value();
    return std::get<0>(std::move(state_));
  }

  const T& operator*() const& { return value(); }
  T& operator*() & { return value(); }
  const T* operator->() const { return &value(); }
  T* operator->() { return &value(); }

  /// Returns the error; an empty code when there is a value.
  [[nodiscard]] std::error_code error() const noexcept {
    return has_value() ? std::error_code{} : *std::get_if<1>(&state_);
  }

 private:
  void require_value() const {
    if (!has_value()) throw std::system_error(std::get<1>(state_));
  }

  std::variant<T, std::error_code> state_;
};

}  // namespace funnel
