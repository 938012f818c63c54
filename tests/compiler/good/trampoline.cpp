// A loop of awaits that never suspend, and a deep recursion of them: `await_suspend` only notes
// who runs next, and a loop at the bottom of the stack resumes it.
#include "tracked.h"

class Trampoline {
 public:
  static void transfer(std::coroutine_handle<> to) noexcept { next = to; }
  static void run(std::coroutine_handle<> first) {
    for (next = first; next;) std::exchange(next, {}).resume();
  }

 private:
  static inline std::coroutine_handle<> next;
};

class Sum {
 public:
  struct promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    void await_suspend(Handle self) noexcept { Trampoline::transfer(self.promise().awaiter); }
    void await_resume() noexcept {}
  };

  struct promise_type {
    Sum get_return_object() { return Sum(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    FinalAwaiter final_suspend() noexcept { return {}; }
    void return_value(int result) { value = result; }
    void unhandled_exception() { std::terminate(); }

    std::coroutine_handle<> awaiter;
    int value = 0;
  };

  explicit Sum(Handle coroutine) : coroutine_(coroutine) {}
  Sum(Sum&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
  ~Sum() {
    if (coroutine_) coroutine_.destroy();
  }

  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<> awaiter) noexcept {
    coroutine_.promise().awaiter = awaiter;
    Trampoline::transfer(coroutine_);
  }
  int await_resume() { return coroutine_.promise().value; }

  int run() {
    Trampoline::run(coroutine_);
    return await_resume();
  }

 private:
  Handle coroutine_;
};

Sum one() { co_return 1; }

// Not so deep that destroying the frames, which does recurse, overflows the stack.
Sum deep(int levels) {
  if (levels == 0) co_return 0;
  const int rest = co_await deep(levels - 1);
  co_return rest + 1;
}

Sum loop() {
  int sum = co_await deep(10'000);
  for (int i = 0; i < 1'000'000; ++i) sum += co_await one();
  co_return sum;
}

int main() { return loop().run() == 1'010'000 ? 0 : 1; }
