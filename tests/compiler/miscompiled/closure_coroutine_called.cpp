// A capturing lambda that is itself the coroutine, called where it is written.
// Write instead: good/captureless_coroutine.cpp.
#include "tracked.h"

Task<int> body() {
  Tracked t(3);
  co_return co_await [t]() -> Task<int> {
    co_await Yield();
    co_return t.value();
  }();
}

int main() { return check(body, 3); }
