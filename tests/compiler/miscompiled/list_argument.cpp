// A list of values in braces as an argument.
// Write instead: good/container_named.cpp.
// GCC 12: does not compile
#include <vector>

#include "tracked.h"

Task<int> count(std::vector<int> v) {
  co_await Yield();
  co_return static_cast<int>(v.size());
}

Task<int> body() { co_return co_await count({1, 2, 3}); }

int main() { return check(body, 3); }
