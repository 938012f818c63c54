// Prints who calls whom: a value is set, and only when that is over are those called who wait for
// it.
//
//     callers

#include <funnel/future.h>
#include <funnel/ioloop.h>

#include <cstdio>
#include <string>

#include <fmt/format.h>

namespace {

int depth = 0;

/// Prints when a function begins and ends, indented by how many are running.
class Running {
 public:
  explicit Running(std::string name) : name_(std::move(name)) {
    fmt::print("{:{}}{} begins\n", "", 2 * depth++, name_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { fmt::print("{:{}}{} ends\n", "", 2 * --depth, name_); }

 private:
  std::string name_;
};

void with_callbacks() {
  fmt::print("a function that calls back:\n");
  const auto set = [](int value, const auto& callback) {
    const Running running("set");
    callback(value);
  };
  set(5, [](int value) { const Running running(fmt::format("the callback, with {},", value)); });
}

void with_futures(funnel::IOLoop& loop) {
  fmt::print("\na promise and two who wait for its future:\n");
  const funnel::Promise<int> promise;
  const funnel::Future<int> future = promise.future();
  future.add_done_callback([](const funnel::Future<int>& done) {
    const Running running(fmt::format("the first callback, with {},", done.result()));
  });
  future.add_done_callback([](const funnel::Future<int>& done) {
    const Running running(fmt::format("the second callback, with {},", done.result()));
  });
  loop.add_callback([&promise] {
    const Running running("the one who knows the value");
    const Running setting("set_value");
    promise.set_value(5);
  });
  loop.add_callback([&loop, future] {
    const Running running("something else that was waiting for its turn");
    future.add_done_callback([&loop](const funnel::Future<int>&) {
      const Running late("a callback that was added late");
      loop.stop();
    });
  });
  loop.start();
}

}  // namespace

int main() {
  with_callbacks();
  funnel::IOLoop loop;
  with_futures(loop);
}
