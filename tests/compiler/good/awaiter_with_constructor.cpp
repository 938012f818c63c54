// An awaiter that owns something and has a constructor.
#include "tracked.h"

class Awaiter {
 public:
  explicit Awaiter(Tracked t) : t_(std::move(t)) {}
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> h) { Yield::waiting = h; }
  int await_resume() { return t_.value(); }

 private:
  Tracked t_;
};

Task<int> body() { co_return co_await Awaiter(Tracked(5)); }

int main() { return check(body, 5); }
