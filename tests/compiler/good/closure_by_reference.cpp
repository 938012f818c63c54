// A temporary closure that owns nothing.
#include "tracked.h"

template <typename F>
Task<int> run_later(F f) {
  co_await Yield();
  co_return f();
}

Task<int> body() {
  Tracked t(7);
  co_return co_await run_later([&t] { return t.value(); });
}

int main() { return check(body, 7); }
