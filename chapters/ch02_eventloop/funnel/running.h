#pragma once

#include <funnel/ioloop.h>

namespace funnel {

/// While it lives, the loop counts as the one that runs on this thread. Given.
class IOLoop::Running {
 public:
  /// Throws `std::logic_error` if a loop already runs on this thread.
  explicit Running(IOLoop& loop);
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

 private:
  IOLoop& loop_;
};

}  // namespace funnel
