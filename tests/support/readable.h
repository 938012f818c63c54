#pragma once

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <system_error>

/// @file
/// How doctest prints values that it would show as `{?}`, or as a number that is hard to read.
/// Included by every test file of a program, or by none: a type is printed in one way.

namespace doctest {

template <>
struct StringMaker<std::system_error> {
  static String convert(const std::system_error& error) { return error.what(); }
};

/// `timed out`, not `generic:110`.
template <>
struct StringMaker<std::error_code> {
  static String convert(const std::error_code& error) {
    return error ? error.message().c_str() : "no error";
  }
};

template <>
struct StringMaker<std::errc> {
  static String convert(std::errc error) { return std::make_error_code(error).message().c_str(); }
};

template <typename T>
struct StringMaker<std::atomic<T>> {
  static String convert(const std::atomic<T>& value) { return toString(value.load()); }
};

template <typename T>
struct StringMaker<std::optional<T>> {
  static String convert(const std::optional<T>& value) {
    if (!value) return "nothing";
    const String text = toString(*value);
    return text == "{?}" ? "something" : text;
  }
};

template <typename Rep, typename Period>
struct StringMaker<std::chrono::duration<Rep, Period>> {
  static String convert(const std::chrono::duration<Rep, Period>& value) {
    const std::chrono::duration<double, std::milli> milliseconds = value;
    return toString(milliseconds.count()) + " ms";
  }
};

}  // namespace doctest
