#pragma once

#include <stdexcept>

namespace funnel {

/// The result of a future whose last promise was destroyed without one.
class BrokenPromise : public std::logic_error {
 public:
  BrokenPromise() : std::logic_error("the promise was destroyed without a result") {}
};

}  // namespace funnel
