#include <funnel/future.h>

#include <funnel/task.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "support.h"

using namespace funnel;
using core_tests::Started;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

namespace {

/// Counts how often its value was copied.
class Counted {
 public:
  explicit Counted(int& copies) noexcept : copies_(&copies) {}
  Counted(const Counted& other) noexcept : copies_(other.copies_) { ++*copies_; }
  Counted(Counted&& other) noexcept = default;
  Counted& operator=(const Counted&) = delete;
  Counted& operator=(Counted&&) = delete;
  ~Counted() = default;

 private:
  int* copies_;
};

Task<> note_number(std::string& notes, Future<int> future) {
  try {
    const int number = co_await future;
    notes += std::to_string(number) + ' ';
  } catch (const std::exception& e) {
    notes += std::string(e.what()) + ' ';
  }
}

template <typename T>
Task<T> take_from(Future<T> future) {
  co_return co_await std::move(future);
}

template <typename T>
Task<T> read_from(Future<T> future) {
  co_return co_await future;
}

std::exception_ptr failure(const char* what) {
  return std::make_exception_ptr(std::runtime_error(what));
}

}  // namespace

TEST_SUITE("core.future") {
  TEST_CASE("a future has the value that its promise was given") {
    const Promise<int> promise;
    const Future<int> future = promise.future();
    CHECK(!future.done());
    CHECK(!promise.done());
    promise.set_value(5);
    CHECK(future.done());
    CHECK(promise.done());
    CHECK(future.result() == 5);
    CHECK(future.exception() == nullptr);
    CHECK(&Future<int>(future).result() == &future.result());
  }

  TEST_CASE("a future has the exception that its promise was given") {
    const Promise<int> promise;
    promise.set_exception(failure("no luck"));
    CHECK(promise.future().done());
    CHECK_THROWS_WITH_AS(promise.future().result(), "no luck", std::runtime_error);
    CHECK(promise.future().exception() != nullptr);
  }

  TEST_CASE("asking for a result before it is there throws") {
    const Promise<int> promise;
    CHECK_THROWS_AS(promise.future().result(), std::logic_error);
    CHECK_THROWS_AS(promise.future().exception(), std::logic_error);
    const Promise<> empty;
    CHECK_THROWS_AS(empty.future().result(), std::logic_error);
  }

  TEST_CASE("a second result is refused and the first stays") {
    const Promise<int> promise;
    promise.set_value(1);
    CHECK_THROWS_AS(promise.set_value(2), std::logic_error);
    CHECK_THROWS_AS(promise.set_exception(failure("late")), std::logic_error);
    CHECK(promise.future().result() == 1);
  }

  TEST_CASE("a value whose construction throws leaves the promise open") {
    class Picky {
     public:
      explicit Picky(int n) {
        if (n < 0) throw std::invalid_argument("negative");
      }
    };
    const Promise<Picky> promise;
    CHECK_THROWS_AS(promise.set_value(-1), std::invalid_argument);
    CHECK(!promise.done());
    promise.set_value(1);
    CHECK(promise.done());
  }

  TEST_CASE("a default future of void is done") {
    ManualClock clock;
    IOLoop loop(clock);
    const Future<> done;
    CHECK(done.done());
    CHECK_NOTHROW(done.result());
    CHECK(done.exception() == nullptr);
    loop.run_sync(read_from(done));
    bool called = false;
    done.add_done_callback([&](const Future<>& future) { called = future.done(); });
    CHECK(!called);
    run_ready(loop);
    CHECK(called);
  }

  TEST_CASE("many coroutines may wait for one result, and go on in order") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const Promise<int> promise;
    const Started a(note_number(notes, promise.future()));
    const Started b(note_number(notes, promise.future()));
    const Started c(note_number(notes, promise.future()));
    run_ready(loop);
    CHECK(notes.empty());
    promise.set_value(4);
    CHECK(notes.empty());  // never inside set_value
    run_ready(loop);
    CHECK(notes == "4 4 4 ");
  }

  TEST_CASE("all who wait get the exception") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    std::string notes;
    {
      const Promise<int> promise;
      const Started a(note_number(notes, promise.future()));
      const Started b(note_number(notes, promise.future()));
      promise.set_exception(failure("oh"));
      run_ready(loop);
    }
    CHECK(notes == "oh oh ");
    CHECK(log.empty());
  }

  TEST_CASE("awaiting a future that is done goes on at once") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const Promise<int> promise;
    promise.set_value(1);
    const Started task(note_number(notes, promise.future()));
    CHECK(notes == "1 ");
  }

  TEST_CASE("callbacks run in a later turn, in order, never inside set_value") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const Promise<int> promise;
    promise.future().add_done_callback(
        [&](const Future<int>& f) { notes += "a" + std::to_string(f.result()); });
    promise.future().add_done_callback([&](const Future<int>&) { notes += "b"; });
    run_ready(loop);
    CHECK(notes.empty());
    promise.set_value(1);
    CHECK(notes.empty());
    run_ready(loop);
    CHECK(notes == "a1b");
    promise.future().add_done_callback([&](const Future<int>&) { notes += "c"; });
    CHECK(notes == "a1b");  // nor inside add_done_callback
    run_ready(loop);
    CHECK(notes == "a1bc");
  }

  TEST_CASE("an exception from a callback is logged and the next one runs") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    bool ran = false;
    const Promise<> promise;
    promise.future().add_done_callback([](const Future<>&) { throw std::runtime_error("bad"); });
    promise.future().add_done_callback([&](const Future<>&) { ran = true; });
    promise.set_value();
    run_ready(loop);
    CHECK(ran);
    CHECK(log.size() == 1);
    CHECK(log.contains("bad"));
  }

  TEST_CASE("a future fails when its last promise goes away without a result") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    auto promise = std::make_unique<Promise<int>>();
    auto copy = std::make_unique<Promise<int>>(*promise);
    const Future<int> future = promise->future();
    const Started task(note_number(notes, future));
    promise.reset();
    CHECK(!future.done());
    copy.reset();
    REQUIRE(future.done());
    CHECK_THROWS_AS(future.result(), BrokenPromise);
    run_ready(loop);
    CHECK(notes == "the promise was destroyed without a result ");
  }

  TEST_CASE("a callback hears of a broken promise although no future is left") {
    ManualClock clock;
    IOLoop loop(clock);
    bool broken = false;
    auto promise = std::make_unique<Promise<int>>();
    promise->future().add_done_callback([&](const Future<int>& future) {
      try {
        future.result();
      } catch (const BrokenPromise&) {
        broken = true;
      }
    });
    promise.reset();
    run_ready(loop);
    CHECK(broken);
  }

  TEST_CASE("a promise that nobody waits for may go away silently") {
    const LogCapture log;
    { const Promise<int> promise; }
    CHECK(log.empty());
  }

  TEST_CASE("a promise that replaces another breaks it") {
    Promise<int> promise;
    const Future<int> old = promise.future();
    promise = Promise<int>();
    CHECK(old.done());
    CHECK(old.exception() != nullptr);
    CHECK(!promise.done());
  }

  TEST_CASE("a failure that nobody asked for is logged once, when the last handle goes") {
    LogCapture log;
    {
      const Promise<int> promise;
      const Future<int> copy = promise.future();
      promise.set_exception(failure("unseen"));
      CHECK(copy.done());
      CHECK(log.empty());
    }
    REQUIRE(log.size() == 1);
    CHECK(log.records()[0].message == "Exception in a future that nobody awaited: unseen");
    log.clear();
    {
      const Promise<int> promise;
      promise.set_exception(failure("seen"));
      CHECK(promise.future().exception() != nullptr);
    }
    CHECK(log.empty());
  }

  TEST_CASE("a failure whose waiter was destroyed before it heard of it is logged") {
    ManualClock clock;
    IOLoop loop(clock);
    const LogCapture log;
    std::string notes;
    {
      const Promise<int> promise;
      Started task(note_number(notes, promise.future()));
      promise.set_exception(failure("unheard"));
      task.destroy();
    }
    run_ready(loop);
    CHECK(notes.empty());
    CHECK(log.contains("unheard"));
  }

  TEST_CASE("the last handle moves the value out, any other copies it") {
    IOLoop loop;
    int copies = 0;
    {
      Promise<Counted> promise;
      promise.set_value(copies);
      Future<Counted> future = promise.future();
      loop.run_sync(take_from(future));
      CHECK(copies == 1);  // the promise and the variable still have it
      loop.run_sync(read_from(future));
      CHECK(copies == 2);
      promise = Promise<Counted>();
      loop.run_sync(take_from(std::move(future)));
    }
    CHECK(copies == 2);
  }

  TEST_CASE("a value that can only be moved is moved") {
    IOLoop loop;
    const Promise<std::unique_ptr<int>> promise;
    promise.set_value(std::make_unique<int>(9));
    CHECK(*loop.run_sync(take_from(promise.future())) == 9);
  }

  TEST_CASE("a waiter that is destroyed leaves the others in place") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const Promise<int> promise;
    const Started a(note_number(notes, promise.future()));
    Started b(note_number(notes, promise.future()));
    const Started c(note_number(notes, promise.future()));
    b.destroy();
    promise.set_value(1);
    run_ready(loop);
    CHECK(notes == "1 1 ");
  }

  TEST_CASE("a waiter may be destroyed between the result and its turn") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const Promise<int> promise;
    Started task(note_number(notes, promise.future()));
    promise.set_value(1);
    task.destroy();
    run_ready(loop);
    CHECK(notes.empty());
  }

  TEST_CASE("a hundred thousand coroutines wait for one result") {
    ManualClock clock;
    IOLoop loop(clock);
    std::string notes;
    const Promise<int> promise;
    std::deque<Started> tasks;
    for (int i = 0; i < 100'000; ++i) tasks.emplace_back(note_number(notes, promise.future()));
    promise.set_value(1);
    run_ready(loop);
    CHECK(notes.size() == 200'000);
  }
}
