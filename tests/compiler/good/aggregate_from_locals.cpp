// Awaits into locals first, then the aggregate.
#include "tracked.h"

struct Pair {
  Tracked first;
  Tracked second;
};

Task<int> body() {
  Tracked first = co_await tracked_later(1);
  Tracked second = co_await tracked_later(2);
  Pair p{std::move(first), std::move(second)};
  co_return p.first.value() + p.second.value();
}

int main() { return check(body, 3); }
