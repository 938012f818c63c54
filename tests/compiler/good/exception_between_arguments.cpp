// An exception from the second of two awaits in one call.
#include "tracked.h"

Task<Tracked> fail() {
  co_await Yield();
  throw 1;
  co_return Tracked();
}
int sum(Tracked a, Tracked b) { return a.value() + b.value(); }

Task<int> body() {
  try {
    co_return sum(co_await tracked_later(1), co_await fail());
  } catch (int) {
  }
  co_return 5;
}

int main() { return check(body, 5); }
