// An awaited pair taken apart.
#include "tracked.h"

Task<std::pair<Tracked, Tracked>> pair() {
  co_await Yield();
  co_return std::pair(Tracked(1), Tracked(2));
}

Task<int> body() {
  auto [a, b] = co_await pair();
  co_await Yield();
  co_return a.value() + b.value();
}

int main() { return check(body, 3); }
