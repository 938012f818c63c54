// An `await_transform` that returns the awaiter by value, movable until it is suspended on.
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

struct Job {
  struct promise_type {
    Job get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    Awaiter await_transform(Awaiter&& awaiter) { return std::move(awaiter); }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

int result = 0;

Job body() { result = co_await Awaiter(Tracked(5)); }

int main() {
  body();
  std::exchange(Yield::waiting, {}).resume();
  return result == 5 && Tracked::all_well() ? 0 : 1;
}
