// A loop of awaits that never suspend: without optimisation g++ makes symmetric transfer a call,
// and the stack overflows. Write instead: good/trampoline.cpp.
// GCC 12: SIGSEGV at -O0
#include "tracked.h"

Task<int> one() { co_return 1; }

Task<int> body() {
  int sum = 0;
  for (int i = 0; i < 1'000'000; ++i) sum += co_await one();
  co_return sum;
}

int main() { return check(body, 1'000'000); }
