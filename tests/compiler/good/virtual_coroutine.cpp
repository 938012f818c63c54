// A virtual member function that is a coroutine.
#include "tracked.h"

struct Handler {
  virtual ~Handler() = default;
  virtual Task<int> get(Tracked t) = 0;
};

struct Story : Handler {
  Tracked own{3};
  Task<int> get(Tracked t) override {
    co_await Yield();
    co_return own.value() + t.value();
  }
};

Task<int> body() {
  Story story;
  Handler& handler = story;
  co_return co_await handler.get(Tracked(4));
}

int main() { return check(body, 7); }
