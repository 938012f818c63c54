// Temporaries bound to reference parameters of a task awaited in the same statement.
#include "tracked.h"

Task<int> sum(const Tracked& a, const Tracked& b) {
  co_await Yield();
  co_return a.value() + b.value();
}

Task<int> body() { co_return co_await sum(Tracked(1), Tracked(2)); }

int main() { return check(body, 3); }
