#pragma once

#include <system_error>
#include <utility>
#include <variant>

/// @file
/// The value-or-error type for failures that a caller is expected to handle.

namespace funnel {

/// Holds either a `T` or a `std::error_code`, never both and never neither.
///
/// Bytes from a peer are wrong every day: a malformed number is a normal result of parsing, not an
/// exceptional event. So parsers return a `Result`, which cannot be mistaken for the value: a
/// caller that does not check gets an exception.
///
///     const Result<URL> url = URL::parse(text);
///     if (!url) return complain(url.error());
///     connect_tcp(url->host(), url->port());
///
/// An operation that cannot go on (the connection was refused) throws instead. Any thread, as a
/// value.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Not explicit, so that a function can `return value;` or `return error;`.
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
