// An await in the condition of a while.
#include "tracked.h"

Task<int> body() {
  int i = 0;
  while ((co_await tracked_later(i)).value() < 3) ++i;
  co_return i;
}

int main() { return check(body, 3); }
