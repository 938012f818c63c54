// A fluent builder as an argument.
#include "tracked.h"

class Options {
 public:
  Options() {}
  Options& name(Tracked t) {
    name_ = t;
    return *this;
  }
  Options& port(int n) {
    port_ = n;
    return *this;
  }
  int sum() const { return name_.value() + port_; }

 private:
  Tracked name_;
  int port_ = 80;
};

Task<int> connect(Options options) {
  co_await Yield();
  co_return options.sum();
}

Task<int> body() { co_return co_await connect(Options().name(Tracked(3)).port(4)); }

int main() { return check(body, 7); }
