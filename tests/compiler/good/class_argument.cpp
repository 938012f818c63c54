// A temporary with a constructor as an argument.
#include "tracked.h"

class Options {
 public:
  Options(Tracked name, int port) : name_(std::move(name)), port_(port) {}
  int sum() const { return name_.value() + port_; }

 private:
  Tracked name_;
  int port_;
};

Task<int> connect(Options options) {
  co_await Yield();
  co_return options.sum();
}

Task<int> body() { co_return co_await connect(Options(Tracked(3), 4)); }

int main() { return check(body, 7); }
