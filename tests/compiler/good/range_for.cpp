// A loop over an awaited container.
#include <vector>

#include "tracked.h"

Task<std::vector<Tracked>> several() {
  co_await Yield();
  co_return std::vector<Tracked>(3, Tracked(2));
}

Task<int> body() {
  int sum = 0;
  for (const Tracked& t : co_await several()) {
    co_await Yield();
    sum += t.value();
  }
  co_return sum;
}

int main() { return check(body, 6); }
