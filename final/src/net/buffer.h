#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace funnel::detail {

/// Received bytes in one piece: written behind, read and dropped in front.
class InputBuffer {
 public:
  static constexpr std::size_t first_block = std::size_t{4} * 1024;
  static constexpr std::size_t read_size = std::size_t{64} * 1024;  // the most one read asks for

  std::string_view data() const noexcept { return {block_.get() + begin_, end_ - begin_}; }
  std::size_t size() const noexcept { return end_ - begin_; }
  bool empty() const noexcept { return begin_ == end_; }

  /// Makes room behind the data for a read, which `commit` ends; returns where and how much.
  /// The block doubles when it is full or a read filled it, so that a long body is read in long
  /// pieces.
  std::pair<char*, std::size_t> prepare() {
    if (capacity_ - end_ < first_block / 4 || too_small()) make_room();
    being_written_ = true;
    return {block_.get() + end_, std::min(capacity_ - end_, read_size)};
  }
  void commit(std::size_t count) noexcept {
    being_written_ = false;
    end_ += count;
    was_filled_ = end_ == capacity_ && count >= capacity_ / 2;
  }

  void consume(std::size_t count) noexcept {
    begin_ += count;
    // Back to the start of the block, unless somebody still uses it.
    if (begin_ == end_ && !being_written_ && block_.use_count() == 1) begin_ = end_ = 0;
  }

  /// Drops the first `count` bytes, but they stay where they are, readable, for as long as
  /// the result lives: the block is then shared, and nothing in it is moved or overwritten.
  std::shared_ptr<const char[]> detach(std::size_t count) noexcept {
    std::shared_ptr<const char[]> shared = block_;
    consume(count);
    return shared;
  }

  /// Gives the memory back; only when empty.
  void release() noexcept {
    block_.reset();
    capacity_ = begin_ = end_ = 0;
    was_filled_ = false;
  }

 private:
  bool too_small() const noexcept { return was_filled_ && capacity_ < read_size; }

  void make_room() {
    const std::size_t used = size();
    const bool grow = used > capacity_ / 2 || too_small();
    if (block_.use_count() == 1 && !grow) {
      std::memmove(block_.get(), block_.get() + begin_, used);
    } else {
      const std::size_t capacity = std::max(first_block, grow ? capacity_ * 2 : capacity_);
      std::shared_ptr<char[]> block(new char[capacity]);
      if (used > 0) std::memcpy(block.get(), block_.get() + begin_, used);
      block_ = std::move(block);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = used;
    was_filled_ = false;
  }

  std::shared_ptr<char[]> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool being_written_ = false;
  bool was_filled_ = false;  // the last read took all of much room
};

}  // namespace funnel::detail
