// A container filled under a name and moved into the call.
#include <vector>

#include "tracked.h"

Task<int> count(std::vector<Tracked> v) {
  co_await Yield();
  co_return static_cast<int>(v.size());
}

Task<int> body() {
  std::vector<Tracked> v;
  v.push_back(co_await tracked_later(1));
  v.push_back(Tracked(2));
  co_return co_await count(std::move(v));
}

int main() { return check(body, 2); }
