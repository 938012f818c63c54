// An aggregate given to the constructor of a class that is the argument.
// Write instead: good/class_argument.cpp.
#include "tracked.h"

struct Name {
  Tracked text;
};

struct Options {
  explicit Options(Name n) : name(std::move(n)) {}
  Name name;
};

Task<int> connect(Options options) {
  co_await Yield();
  co_return options.name.text.value();
}

Task<int> body() { co_return co_await connect(Options(Name{Tracked(3)})); }

int main() { return check(body, 3); }
