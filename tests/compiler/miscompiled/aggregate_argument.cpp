// A temporary aggregate as an argument.
// Write instead: good/class_argument.cpp or good/aggregate_named.cpp.
#include "tracked.h"

struct Options {
  Tracked name;
  int port = 80;
};

Task<int> connect(Options options) {
  co_await Yield();
  co_return options.name.value() + options.port;
}

Task<int> body() { co_return co_await connect(Options{Tracked(3), 4}); }

int main() { return check(body, 7); }
