// A member coroutine of a temporary, awaited in the same statement.
#include "tracked.h"

struct Client {
  Tracked t;
  Client(int n) : t(n) {}
  Task<int> fetch(Tracked x) {
    co_await Yield();
    co_return t.value() + x.value();
  }
};

Client client() { return Client(1); }

Task<int> body() { co_return co_await client().fetch(Tracked(2)); }

int main() { return check(body, 3); }
