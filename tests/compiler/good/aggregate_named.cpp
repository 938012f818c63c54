// An aggregate with a name, moved into the call.
#include "tracked.h"

struct Options {
  Tracked name;
  int port = 80;
};

Task<int> connect(Options options) {
  co_await Yield();
  co_return options.name.value() + options.port;
}

Task<int> body() {
  Options options{.name = Tracked(3), .port = 4};
  co_return co_await connect(std::move(options));
}

int main() { return check(body, 7); }
