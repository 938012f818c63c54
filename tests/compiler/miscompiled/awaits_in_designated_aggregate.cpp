// The same with designated initialisers.
// Write instead: good/aggregate_from_locals.cpp.
#include "tracked.h"

struct Pair {
  Tracked first;
  Tracked second;
};

Task<int> body() {
  Pair p{.first = co_await tracked_later(1), .second = co_await tracked_later(2)};
  co_return p.first.value() + p.second.value();
}

int main() { return check(body, 3); }
