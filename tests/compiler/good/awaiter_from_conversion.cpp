// A named-type operand whose operator co_await returns an awaiter that owns something.
#include "tracked.h"

struct Awaiter {
  explicit Awaiter(Tracked x) : t(std::move(x)) {}
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> h) { Yield::waiting = h; }
  int await_resume() { return t.value(); }
  Tracked t;
};

struct Operation {
  explicit Operation(Tracked x) : t(std::move(x)) {}
  Awaiter operator co_await() && { return Awaiter(std::move(t)); }
  Tracked t;
};

Operation operation() { return Operation(Tracked(6)); }

Task<int> body() { co_return co_await operation(); }

int main() { return check(body, 6); }
