// A default argument that owns something.
#include "tracked.h"

Task<int> use(Tracked t = Tracked(4)) {
  co_await Yield();
  co_return t.value();
}

Task<int> body() { co_return co_await use(); }

int main() { return check(body, 4); }
