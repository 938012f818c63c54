// Awaits in a list of values.
// Write instead: good/container_named.cpp.
// GCC 12: does not compile
#include <vector>

#include "tracked.h"

Task<int> body() {
  std::vector<Tracked> v{co_await tracked_later(1), co_await tracked_later(2)};
  co_return v[0].value() + v[1].value();
}

int main() { return check(body, 3); }
