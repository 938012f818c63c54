// A chain of tasks destroyed while the innermost waits.
#include "tracked.h"

Task<int> inner(Tracked t) {
  Tracked local(2);
  co_await Never();
  co_return t.value() + local.value();
}

Task<int> outer() {
  Tracked local(1);
  co_return co_await inner(Tracked(3));
}

Task<int> body() {
  {
    Task<int> task = outer();
    task.start();
  }
  co_return 1;
}

int main() { return check(body, 1); }
