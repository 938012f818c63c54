// A conditional operator with an await on one side.
// Write instead: good/if_instead_of_conditional.cpp.
#include "tracked.h"

Task<int> pick(bool c) {
  Tracked t = c ? co_await tracked_later(1) : Tracked(2);
  co_return t.value();
}

Task<int> body() {
  int a = co_await pick(true);
  int b = co_await pick(false);
  co_return a + b;
}

int main() { return check(body, 3); }
