// A temporary aggregate returned, without an await in the statement.
#include "tracked.h"

struct Pair {
  Tracked first;
  Tracked second;
};

Task<Pair> pair() {
  co_await Yield();
  co_return Pair{Tracked(1), Tracked(2)};
}

Task<int> body() {
  Pair p = co_await pair();
  co_return p.first.value() + p.second.value();
}

int main() { return check(body, 3); }
