// A parameter that cannot be copied.
#include <memory>

#include "tracked.h"

Task<int> use(std::unique_ptr<Tracked> p) {
  co_await Yield();
  co_return p->value();
}

Task<int> body() { co_return co_await use(std::make_unique<Tracked>(4)); }

int main() { return check(body, 4); }
