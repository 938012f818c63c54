#pragma once

/// @file
/// How another thread wakes a loop that waits.

namespace funnel::detail {

/// A descriptor that becomes ready to read when somebody calls `wake`: the loop watches it like any
/// other. On Linux it is an `eventfd`, a counter in the kernel: writing adds to it, reading returns
/// the sum and sets it to 0, and it is ready to read unless it is 0.
class WakeFd {
 public:
  /// Throws `std::system_error` if there is no descriptor left.
  WakeFd();
  WakeFd(const WakeFd&) = delete;
  WakeFd& operator=(const WakeFd&) = delete;
  ~WakeFd();

  int fd() const noexcept { return fd_; }
  /// Makes the descriptor ready. Any thread; never blocks.
  void wake() const noexcept;
  /// Makes it not ready again. Never blocks.
  void drain() const noexcept;

 private:
  int fd_ = -1;  // does not block
};

}  // namespace funnel::detail
