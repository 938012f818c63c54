// A temporary aggregate without a destructor.
#include "tracked.h"

struct Options {
  int timeout = 3;
  int port = 80;
};

Task<int> connect(Options options) {
  co_await Yield();
  co_return options.timeout + options.port;
}

Task<int> body() { co_return co_await connect({.port = 4}); }

int main() { return check(body, 7); }
