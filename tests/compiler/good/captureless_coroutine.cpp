// A lambda coroutine with parameters and no captures, called where it is written.
#include "tracked.h"

Task<int> body() {
  Tracked t(3);
  co_return co_await [](Tracked x) -> Task<int> {
    co_await Yield();
    co_return x.value();
  }(t);
}

int main() { return check(body, 3); }
