// An aggregate that a function returns, straight into the call.
#include "tracked.h"

struct Options {
  Tracked name;
  int port = 80;
};

Task<int> connect(Options options) {
  co_await Yield();
  co_return options.name.value() + options.port;
}
Options make_options() { return Options{Tracked(3), 4}; }

Task<int> body() { co_return co_await connect(make_options()); }

int main() { return check(body, 7); }
