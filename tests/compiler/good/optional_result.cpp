// An awaited optional tested in an if.
#include "tracked.h"

Task<std::optional<Tracked>> find() {
  co_await Yield();
  co_return Tracked(2);
}

Task<int> body() {
  if (auto t = co_await find()) {
    co_await Yield();
    co_return t->value();
  }
  co_return 0;
}

int main() { return check(body, 2); }
