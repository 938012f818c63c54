// A pack of parameters by value.
#include "tracked.h"

template <typename... T>
Task<int> sum(T... t) {
  co_await Yield();
  co_return (t.value() + ...);
}

Task<int> body() { co_return co_await sum(Tracked(1), Tracked(2), Tracked(3)); }

int main() { return check(body, 6); }
