// A conditional operator of class type in an argument.
// Write instead: good/if_instead_of_conditional.cpp.
#include "tracked.h"

Task<int> use(Tracked t) {
  co_await Yield();
  co_return t.value();
}

Task<int> pick(bool c) { co_return co_await use(c ? Tracked(1) : Tracked(2)); }

Task<int> body() {
  int a = co_await pick(true);
  int b = co_await pick(false);
  co_return a + b;
}

int main() { return check(body, 3); }
