// An await in the initialiser of an if.
#include "tracked.h"

Task<int> body() {
  if (auto t = co_await tracked_later(3); t.value() == 3) {
    co_await Yield();
    co_return t.value();
  }
  co_return 0;
}

int main() { return check(body, 3); }
