#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace funnel::detail {

/// Bytes that are added at the end and taken from the front. A string alone would move all that is
/// left each time something is taken; here that happens once per half.
class ByteQueue {
 public:
  void append(std::string_view bytes) { bytes_ += bytes; }
  /// Removes the first `count` bytes; there must be so many.
  void drop(std::size_t count) {
    begin_ += count;
    if (begin_ == bytes_.size()) return clear();
    if (begin_ < bytes_.size() / 2) return;
    bytes_.erase(0, begin_);
    begin_ = 0;
  }
  /// Removes everything, and gives the memory back.
  void clear() noexcept {
    std::string().swap(bytes_);
    begin_ = 0;
  }

  /// Returns the bytes, in order; valid until the queue changes.
  std::string_view view() const noexcept { return std::string_view(bytes_).substr(begin_); }
  std::size_t size() const noexcept { return bytes_.size() - begin_; }
  bool empty() const noexcept { return size() == 0; }

 private:
  std::string bytes_;
  std::size_t begin_ = 0;  // what is before it was taken
};

}  // namespace funnel::detail
