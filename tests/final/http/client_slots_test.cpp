#include "http/client_slots.h"

#include <funnel/gen.h>
#include <funnel/task.h>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace funnel;
using http::ClientSlots;
using http::Slot;

namespace {

Task<> hold(ClientSlots& slots, char name, std::string& log, int turns) {
  const Slot slot = co_await slots.acquire();
  log += name;
  for (int i = 0; i < turns; ++i) co_await gen::sleep(Duration::zero());
}

/// A task that the test started, and may destroy while it waits.
class Started final : private detail::TaskObserver {
 public:
  explicit Started(Task<> task, CancelToken token = {}) : task_(std::move(task)) {
    detail::TaskAccess::start(*task_, *this, token.state());
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  ~Started() = default;

  bool cancelled() const { return detail::is_cancellation(detail::TaskAccess::error(*task_)); }
  void destroy() { task_.reset(); }

 private:
  std::coroutine_handle<> task_done() noexcept override { return {}; }
  std::optional<Task<>> task_;
};

Task<> turns(int count) {
  for (int i = 0; i < count; ++i) co_await gen::sleep(Duration::zero());
}

Task<> many(ClientSlots& slots, int count) {
  for (int i = 0; i < count; ++i) {
    const Slot slot = co_await slots.acquire();
  }
}

}  // namespace

TEST_SUITE("http.client.slots") {
  TEST_CASE("slots are given in the order in which they were asked for") {
    IOLoop loop;
    ClientSlots slots(2);
    std::string log;
    std::vector<Task<>> tasks;
    for (const char name : {'a', 'b', 'c', 'd', 'e'}) tasks.push_back(hold(slots, name, log, 3));
    loop.run_sync(gen::multi(std::move(tasks)));
    CHECK(log == "abcde");
  }

  TEST_CASE("no more than the slots are held at a time, and a newcomer does not jump the queue") {
    IOLoop loop;
    ClientSlots slots(1);
    std::string log;
    Started first(hold(slots, 'a', log, 1));
    Started second(hold(slots, 'b', log, 0));
    CHECK(log == "a");
    first.destroy();  // hands the slot to b, which has not run yet
    Started third(hold(slots, 'c', log, 0));
    CHECK(log == "a");
    loop.run_sync(turns(3));
    CHECK(log == "abc");
  }

  TEST_CASE("whoever is destroyed or cancelled while waiting leaves the queue") {
    IOLoop loop;
    ClientSlots slots(1);
    std::string log;
    CancelSource scope;
    Started first(hold(slots, 'a', log, 5));
    Started destroyed(hold(slots, 'b', log, 0));
    Started cancelled(hold(slots, 'c', log, 0), scope.token());
    Started last(hold(slots, 'd', log, 0));
    destroyed.destroy();
    scope.cancel();
    loop.run_sync(turns(10));
    CHECK(log == "ad");
    CHECK(cancelled.cancelled());
  }

  TEST_CASE("a slot that was handed to a coroutine that dies before it runs is not lost") {
    IOLoop loop;
    ClientSlots slots(1);
    std::string log;
    Started first(hold(slots, 'a', log, 1));
    Started second(hold(slots, 'b', log, 0));
    Started third(hold(slots, 'c', log, 0));
    first.destroy();
    second.destroy();
    loop.run_sync(turns(2));
    CHECK(log == "ac");
  }

  TEST_CASE("a cancellation that comes after the slot was handed over does not lose it") {
    IOLoop loop;
    ClientSlots slots(1);
    std::string log;
    CancelSource scope;
    Started first(hold(slots, 'a', log, 1));
    Started second(hold(slots, 'b', log, 0), scope.token());
    Started third(hold(slots, 'c', log, 0));
    first.destroy();
    scope.cancel();
    loop.run_sync(turns(3));
    CHECK(log == "abc");
  }

  TEST_CASE("a hundred thousand in a row need no stack") {
    IOLoop loop;
    ClientSlots slots(1);
    std::vector<Task<>> tasks;
    tasks.push_back(many(slots, 50'000));
    tasks.push_back(many(slots, 50'000));
    loop.run_sync(gen::multi(std::move(tasks)));
  }
}
