// An awaited value captured by a temporary closure.
// Write instead: good/closure_named.cpp.
#include "tracked.h"

template <typename F>
int call(F f) {
  return f();
}

Task<int> body() {
  Tracked t(2);
  co_return call([t, u = co_await tracked_later(3)] { return t.value() + u.value(); });
}

int main() { return check(body, 5); }
