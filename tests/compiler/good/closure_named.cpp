// A closure with a name, moved into the call.
#include "tracked.h"

template <typename F>
Task<int> run_later(F f) {
  co_await Yield();
  co_return f();
}

Task<int> body() {
  Tracked t(7);
  auto f = [t] { return t.value(); };
  co_return co_await run_later(std::move(f));
}

int main() { return check(body, 7); }
