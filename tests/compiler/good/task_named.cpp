// A task made in one statement, with a temporary closure, and awaited in the next.
#include "tracked.h"

template <typename F>
Task<int> run_later(F f) {
  co_await Yield();
  co_return f();
}

Task<int> body() {
  Tracked t(7);
  auto task = run_later([t] { return t.value(); });
  co_return co_await std::move(task);
}

int main() { return check(body, 7); }
