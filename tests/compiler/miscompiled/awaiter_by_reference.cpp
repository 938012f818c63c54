// An `await_transform` that hands the awaiter on by reference: it is moved into the frame all the
// same, so that whatever points to it points to the wrong one.
// Write instead: good/awaiter_by_value.cpp.
#include "tracked.h"

class Awaiter {
 public:
  Awaiter() = default;
  Awaiter(Awaiter&&) noexcept { ++moves; }
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> h) { Yield::waiting = h; }
  void await_resume() {}

  static inline int moves = 0;
};

struct Job {
  struct promise_type {
    Job get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    Awaiter&& await_transform(Awaiter&& awaiter) { return std::move(awaiter); }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Job body() { co_await Awaiter(); }

int main() {
  body();
  std::exchange(Yield::waiting, {}).resume();
  if (Awaiter::moves > 0) std::printf("the awaiter was moved\n");
  return Awaiter::moves == 0 ? 0 : 1;
}
