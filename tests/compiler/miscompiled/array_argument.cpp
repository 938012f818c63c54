// std::array is an aggregate too.
// Write instead: good/aggregate_named.cpp.
#include <array>

#include "tracked.h"

Task<int> sum(std::array<Tracked, 2> a) {
  co_await Yield();
  co_return a[0].value() + a[1].value();
}

Task<int> body() { co_return co_await sum(std::array<Tracked, 2>{Tracked(3), Tracked(4)}); }

int main() { return check(body, 7); }
