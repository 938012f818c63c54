// An awaited value given to a forwarding function.
#include <memory>

#include "tracked.h"

Task<int> body() {
  auto p = std::make_unique<Tracked>(co_await tracked_later(3));
  co_return p->value();
}

int main() { return check(body, 3); }
