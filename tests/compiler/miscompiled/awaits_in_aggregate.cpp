// Awaits among the initialisers of an aggregate.
// Write instead: good/aggregate_from_locals.cpp or good/class_from_awaits.cpp.
#include "tracked.h"

struct Pair {
  Tracked first;
  Tracked second;
};

Task<int> body() {
  Pair p{co_await tracked_later(1), co_await tracked_later(2)};
  co_return p.first.value() + p.second.value();
}

int main() { return check(body, 3); }
