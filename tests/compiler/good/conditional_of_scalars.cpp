// A conditional operator between awaits of numbers.
#include "tracked.h"

Task<int> pick(bool c) { co_return c ? co_await later(1) : co_await later(2); }

Task<int> body() {
  int a = co_await pick(true);
  int b = co_await pick(false);
  co_return a + b;
}

int main() { return check(body, 3); }
