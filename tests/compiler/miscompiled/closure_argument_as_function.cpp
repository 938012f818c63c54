// The same closure converted to std::function.
// Write instead: good/closure_named.cpp.
#include <functional>

#include "tracked.h"

Task<int> run_later(std::function<int()> f) {
  co_await Yield();
  co_return f();
}

Task<int> body() {
  Tracked t(7);
  co_return co_await run_later([t] { return t.value(); });
}

int main() { return check(body, 7); }
