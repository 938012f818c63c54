// An awaiter that is an aggregate and owns something.
// Write instead: good/awaiter_with_constructor.cpp.
#include "tracked.h"

struct Awaiter {
  Tracked t;
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> h) { Yield::waiting = h; }
  int await_resume() { return t.value(); }
};

Task<int> body() { co_return co_await Awaiter{Tracked(5)}; }

int main() { return check(body, 5); }
