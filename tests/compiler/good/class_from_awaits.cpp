// Awaits among the arguments of a constructor.
#include "tracked.h"

struct Pair {
  Pair(Tracked a, Tracked b) : first(std::move(a)), second(std::move(b)) {}
  Tracked first;
  Tracked second;
};

Task<int> body() {
  Pair p(co_await tracked_later(1), co_await tracked_later(2));
  co_return p.first.value() + p.second.value();
}

int main() { return check(body, 3); }
