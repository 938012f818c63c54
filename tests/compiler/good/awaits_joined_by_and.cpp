// Awaits on both sides of &&.
#include "tracked.h"

Task<int> body() {
  const bool both =
      (co_await tracked_later(1)).value() == 1 && (co_await tracked_later(2)).value() == 2;
  co_return both ? 5 : 0;
}

int main() { return check(body, 5); }
