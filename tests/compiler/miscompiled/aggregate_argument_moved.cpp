// std::move around the temporary aggregate does not help.
// Write instead: good/aggregate_named.cpp.
#include "tracked.h"

struct Options {
  Tracked name;
  int port = 80;
};

Task<int> connect(Options options) {
  co_await Yield();
  co_return options.name.value() + options.port;
}

Task<int> body() { co_return co_await connect(std::move(Options{Tracked(3), 4})); }

int main() { return check(body, 7); }
