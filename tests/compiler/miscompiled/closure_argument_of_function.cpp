// The same closure given to a plain function that returns the task.
// Write instead: good/task_named.cpp.
#include "tracked.h"

template <typename F>
Task<int> run_later(F f) {
  co_await Yield();
  co_return f();
}

template <typename F>
Task<int> submit(F f) {
  return run_later(std::move(f));
}

Task<int> body() {
  Tracked t(7);
  co_return co_await submit([t] { return t.value(); });
}

int main() { return check(body, 7); }
