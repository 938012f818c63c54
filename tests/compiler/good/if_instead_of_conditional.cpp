// An if statement that chooses what to await.
#include "tracked.h"

Task<int> pick(bool c) {
  std::optional<Tracked> t;
  if (c) {
    t = co_await tracked_later(1);
  } else {
    t = co_await tracked_later(2);
  }
  co_return t->value();
}

Task<int> body() {
  int a = co_await pick(true);
  int b = co_await pick(false);
  co_return a + b;
}

int main() { return check(body, 3); }
