#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>

/// @file
/// Input for parsers in memory of its own.

namespace test_support {

/// Bytes on the heap of exactly their size, without a terminator, so that AddressSanitizer sees a
/// byte read too many; and gone with this object, so that it sees a stale view.
class ExactBytes {
 public:
  explicit ExactBytes(std::string_view text) : bytes_(new char[text.size()]), size_(text.size()) {
    std::copy(text.begin(), text.end(), bytes_.get());
  }

  [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_;
};

}  // namespace test_support
