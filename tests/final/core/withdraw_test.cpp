#include <funnel/detail/waiter.h>

#include <funnel/future.h>
#include <funnel/gen.h>
#include <funnel/task.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::sleep_for;
using core_tests::Started;
using core_tests::Witness;
using testing::ManualClock;
using testing::run_ready;

namespace {

/// What a case waits for.
class Wait {
 public:
  using Make = Task<> (*)(const Future<>&);
  Wait(const char* wait_name, Make make_task) : name(wait_name), make(make_task) {}

  const char* name;
  Make make;
};

Task<> await_future(Future<> future) { co_await future; }

Task<> join_both(Future<> future) {
  std::vector<Task<>> tasks;
  tasks.push_back(sleep_for(1s));
  tasks.push_back(await_future(future));
  tasks.push_back(sleep_for(0s));
  co_await gen::multi(std::move(tasks));
}

Task<> under_token(Future<> future) {
  CancelSource source;
  co_await gen::with_token(source.token(), std::move(future));
}

std::vector<Wait> all_waits() {
  return {
      {"sleep", [](const Future<>&) { return sleep_for(1s); }},
      {"a turn", [](const Future<>&) { return sleep_for(0s); }},
      {"future", [](const Future<>& future) { return await_future(future); }},
      {"multi", [](const Future<>& future) { return join_both(future); }},
      {"with_timeout", [](const Future<>& future) { return gen::with_timeout(1s, future); }},
      {"with_token", [](const Future<>& future) { return under_token(future); }},
  };
}

/// An event that hands itself to one waiter, as a lock does.
class Baton {
 public:
  class Awaiter final : public detail::Waiter {
   public:
    explicit Awaiter(Baton& baton) noexcept : baton_(baton) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    Awaiter(Awaiter&& other) noexcept : detail::Waiter(std::move(other)), baton_(other.baton_) {}
    Awaiter& operator=(Awaiter&&) = delete;
    ~Awaiter() { withdraw(); }

    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    bool await_suspend(std::coroutine_handle<Promise> handle) {
      if (!suspend(handle, handle.promise())) return false;
      baton_.waiter_ = this;
      return true;
    }
    void await_resume() const { throw_if_cancelled(); }

   private:
    void withdraw() noexcept override {
      if (baton_.waiter_ == this) baton_.waiter_ = nullptr;
    }

    Baton& baton_;
  };

  Awaiter wait() noexcept { return Awaiter(*this); }
  /// Tells whether somebody took it.
  bool hand_over() {
    if (waiter_ == nullptr) return false;
    std::exchange(waiter_, nullptr)->wake();
    return true;
  }

 private:
  Awaiter* waiter_ = nullptr;
};

Task<> take_baton(std::string& notes, Baton& baton) {
  co_await baton.wait();
  notes += "took ";
}

Task<> witnessed(std::string& notes, Task<> task) {
  const Witness witness(notes);
  co_await std::move(task);
  notes += "resumed ";
}

}  // namespace

TEST_SUITE("core.waiter") {
  TEST_CASE("a coroutine that is destroyed while it waits forgets what it waits for") {
    for (const Wait& wait : all_waits()) {
      CAPTURE(wait.name);
      ManualClock clock;
      IOLoop loop(clock);
      std::string notes;
      const Promise<> promise;
      CancelSource source;
      Started task(witnessed(notes, wait.make(promise.future())), source.token());
      CHECK(!task.done());
      task.destroy();
      CHECK(notes == "destroyed ");
      source.cancel();
      promise.set_value();
      clock.advance(1h);
      run_ready(loop);
      CHECK(notes == "destroyed ");
      const Promise<> never;
      CHECK_THROWS_WITH(loop.run_sync(await_future(never.future())),
                        "run_sync: nothing is left that could wake the task");
    }
  }

  TEST_CASE("a coroutine may be destroyed in the turn in which it would go on") {
    for (const Wait& wait : all_waits()) {
      CAPTURE(wait.name);
      ManualClock clock;
      IOLoop loop(clock);
      std::string notes;
      const Promise<> promise;
      std::optional<Started> task;
      loop.add_callback([&] { task.reset(); });  // before what the wait adds to the turn
      task.emplace(witnessed(notes, wait.make(promise.future())));
      promise.set_value();
      clock.advance(1s);
      run_ready(loop);
      CHECK(notes == "destroyed ");
    }
  }

  TEST_CASE("a coroutine may be destroyed by a timer of the turn in which it is due") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    std::optional<Started> task;
    loop.call_later(1s, [&] { task.reset(); });
    task.emplace(witnessed(notes, sleep_for(1s)));
    clock.advance(1s);
    run_ready(loop);
    CHECK(notes == "destroyed ");
  }

  TEST_CASE("nothing is handed to a coroutine that was cancelled or destroyed") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    Baton baton;
    CancelSource source;
    const Started cancelled(take_baton(notes, baton), source.token());
    source.cancel();
    CHECK(!baton.hand_over());  // although the coroutine has not run since
    run_ready(loop);
    CHECK(cancelled.done());
    Started destroyed(take_baton(notes, baton));
    destroyed.destroy();
    CHECK(!baton.hand_over());
    const Started waiting(take_baton(notes, baton));
    CHECK(baton.hand_over());
    CHECK(notes.empty());
    run_ready(loop);
    CHECK(notes == "took ");
  }

  TEST_CASE("coroutines that wait are destroyed with the loop") {
    for (const Wait& wait : all_waits()) {
      CAPTURE(wait.name);
      ManualClock clock;
      std::string notes;
      const Promise<> promise;
      {
        IOLoop loop(clock);
        spawn_callback(witnessed(notes, wait.make(promise.future())));
        loop.add_callback([&loop] { loop.stop(); });
        loop.start();
        CHECK(notes.empty());
      }
      CHECK(notes == "destroyed ");
      promise.set_value();
    }
  }
}
