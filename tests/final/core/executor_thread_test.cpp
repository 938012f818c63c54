#include <funnel/executor.h>

#include <funnel/future.h>
#include <funnel/gen.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::Started;
using core_tests::Witness;
using testing::ManualClock;
using testing::run_ready;

namespace {

auto thread_count() {
  using Entry = std::filesystem::directory_iterator;
  return std::distance(Entry("/proc/self/task"), Entry());
}

/// A door that opens once. What waits at it waits without polling.
class Gate {
 public:
  void open() { promise_.set_value(); }
  void wait() const { future_.wait(); }

 private:
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

class OpenWhenDropped {
 public:
  explicit OpenWhenDropped(Gate& gate) : gate_(gate) {}
  OpenWhenDropped(const OpenWhenDropped&) = delete;
  OpenWhenDropped& operator=(const OpenWhenDropped&) = delete;
  ~OpenWhenDropped() { gate_.open(); }

 private:
  Gate& gate_;
};

template <typename F>
Task<std::invoke_result_t<F&>> run_on(ThreadPoolExecutor& executor, F function) {
  co_return co_await run_in_executor(executor, std::move(function));
}

template <typename F>
Task<> watch(std::string& notes, ThreadPoolExecutor& executor, F function) {
  const Witness witness(notes);
  try {
    co_await run_in_executor(executor, std::move(function));
    notes += "done ";
  } catch (const Cancelled&) {
    notes += "cancelled ";
  } catch (const std::logic_error& e) {
    notes += e.what();
  }
}

}  // namespace

TEST_SUITE("core.executor") {
  TEST_CASE("no thread exists before the first call") {
    const auto before = thread_count();
    IOLoop loop;
    ThreadPoolExecutor executor(4);
    run_ready(loop);
    CHECK(thread_count() == before);
    loop.run_sync(run_on(executor, [] { return 0; }));
    CHECK(thread_count() > before);
  }

  TEST_CASE("a function runs on another thread, its value comes back to the loop") {
    IOLoop loop;
    ThreadPoolExecutor executor(1);
    const auto id = loop.run_sync(run_on(executor, [] { return std::this_thread::get_id(); }));
    CHECK(id != std::this_thread::get_id());
    const auto owned = loop.run_sync(
        run_on(executor, [p = std::make_unique<int>(5)]() mutable { return std::move(p); }));
    CHECK(*owned == 5);
    int calls = 0;
    loop.run_sync(run_on(executor, [&] { ++calls; }));
    CHECK(calls == 1);
  }

  TEST_CASE("what a function throws comes out of the await") {
    IOLoop loop;
    ThreadPoolExecutor executor(1);
    const auto fail = [] { throw std::runtime_error("on a thread"); };
    CHECK_THROWS_WITH_AS(loop.run_sync(run_on(executor, fail)), "on a thread", std::runtime_error);
  }

  TEST_CASE("a function that ended before it is awaited gives its value at once") {
    ManualClock clock;
    IOLoop loop(clock);
    ThreadPoolExecutor executor(1);
    const auto late = [](ThreadPoolExecutor& pool) -> Task<int> {
      const auto nothing = [] {};
      auto wait = run_in_executor(pool, [] { return 3; });
      co_await run_in_executor(pool, nothing);  // ends after the first: there is one thread
      co_return co_await std::move(wait);
    };
    CHECK(loop.run_sync(late(executor)) == 3);
  }

  TEST_CASE("a wait that is never awaited drops the result") {
    IOLoop loop;
    ThreadPoolExecutor executor(1);
    std::atomic<bool> ran = false;
    loop.run_sync([](ThreadPoolExecutor& pool, std::atomic<bool>& out) -> Task<> {
      const auto nothing = [] {};
      {
        auto dropped = run_in_executor(pool, [&out] { out = true; });
      }
      co_await run_in_executor(pool, nothing);
    }(executor, ran));
    CHECK(ran);
  }

  TEST_CASE("at most max_workers functions run at the same time") {
    IOLoop loop;
    ThreadPoolExecutor executor(3);
    std::mutex mutex;
    std::condition_variable changed;
    int running = 0;
    int most = 0;
    int all = 0;
    const auto job = [&] {
      std::unique_lock lock(mutex);
      most = std::max(most, ++running);
      ++all;
      changed.notify_all();
      changed.wait(lock, [&] { return all >= 3; });  // three are needed to go on
      --running;
    };
    std::vector<Task<>> jobs;
    jobs.reserve(30);
    for (int i = 0; i < 30; ++i) jobs.push_back(run_on(executor, job));
    loop.run_sync(gen::multi(std::move(jobs)));
    CHECK(all == 30);
    CHECK(most == 3);
  }

  TEST_CASE("one worker runs functions in the order of the calls") {
    IOLoop loop;
    ThreadPoolExecutor executor(1);
    std::string order;
    std::vector<Task<>> jobs;
    for (const char name : std::string("abcdef")) {
      jobs.push_back(run_on(executor, [&order, name] { order += name; }));
    }
    loop.run_sync(gen::multi(std::move(jobs)));
    CHECK(order == "abcdef");
  }

  TEST_CASE("an executor needs at least one worker") {
    CHECK_THROWS_AS(ThreadPoolExecutor(0), std::invalid_argument);
  }

  TEST_CASE("cancelling the wait ends it, not the function; its result is dropped") {
    ManualClock clock;
    IOLoop loop(clock);
    Gate gate;
    auto result = std::make_shared<int>();
    std::string notes;
    {
      ThreadPoolExecutor executor(1);
      CancelSource source;
      const Started task(watch(notes, executor,
                               [&gate, result] {
                                 gate.wait();
                                 return result;
                               }),
                         source.token());
      source.cancel();
      run_ready(loop);
      CHECK(notes == "cancelled destroyed ");
      gate.open();
    }
    run_ready(loop);
    CHECK(notes == "cancelled destroyed ");
    CHECK(result.use_count() == 1);
  }

  TEST_CASE("a coroutine that is destroyed while it waits for a thread is not resumed") {
    ManualClock clock;
    IOLoop loop(clock);
    Gate gate;
    std::string notes;
    ThreadPoolExecutor executor(1);
    Started task(watch(notes, executor, [&gate] { gate.wait(); }));
    task.destroy();
    gate.open();
    loop.run_sync(run_on(executor, [] {}));
    CHECK(notes == "destroyed ");
  }

  TEST_CASE("results that come after the loop has ended are dropped") {
    ManualClock clock;
    Gate gate;
    auto result = std::make_shared<int>();
    std::string notes;
    {
      ThreadPoolExecutor executor(1);
      {
        IOLoop loop(clock);
        spawn_callback(watch(notes, executor, [&gate, result] {
          gate.wait();
          return result;
        }));
        run_ready(loop);
      }
      CHECK(notes == "destroyed ");
      gate.open();
    }
    CHECK(result.use_count() == 1);
  }

  TEST_CASE("the destructor waits for what has begun and drops the rest, whose waits fail") {
    ManualClock clock;
    IOLoop loop(clock);
    Gate started, gate;
    std::atomic<bool> ended = false;
    std::string first, second;
    std::optional<ThreadPoolExecutor> executor(std::in_place, 1U);
    const Started running(watch(first, *executor, [&] {
      started.open();
      gate.wait();
      ended = true;
    }));
    const Started waiting(watch(second, *executor, [] {}));
    // What runs ends only after the rest was dropped.
    executor->submit([opener = std::make_shared<OpenWhenDropped>(gate)] {});
    started.wait();
    executor.reset();
    CHECK(ended);
    run_ready(loop);
    CHECK(first == "done destroyed ");
    CHECK(second == "the executor was destroyed before it ran the functiondestroyed ");
    const Promise<> never;
    const auto wait = [](Future<> future) -> Task<> { co_await future; };
    CHECK_THROWS_WITH(loop.run_sync(wait(never.future())),
                      "run_sync: nothing is left that could wake the task");
  }

  TEST_CASE("run_sync waits for a thread instead of saying that nothing is left") {
    ManualClock clock;
    IOLoop loop(clock);
    ThreadPoolExecutor executor(1);
    Gate gate;
    std::thread opener([&] { gate.open(); });
    loop.run_sync(run_on(executor, [&] { gate.wait(); }));
    opener.join();
  }

  TEST_CASE("a thousand functions on the default executor all give their values") {
    IOLoop loop;
    const auto add_up = []() -> Task<int> {
      int total = 0;
      for (int i = 0; i < 1000; ++i) {
        const auto same = [i] { return i; };
        total += co_await run_in_executor(same);
      }
      co_return total;
    };
    CHECK(loop.run_sync(add_up()) == 499'500);
    CHECK(&default_executor() == &default_executor());
  }

  TEST_CASE("a hundred thousand waits in a row need no stack, whether they are over or not") {
    IOLoop loop;
    ThreadPoolExecutor executor(1);
    const auto add_up = [](ThreadPoolExecutor& pool) -> Task<long> {
      const auto one = [] { return 1; };
      std::vector<decltype(run_in_executor(pool, one))> waits;
      waits.reserve(100'000);
      for (int i = 0; i < 100'000; ++i) waits.push_back(run_in_executor(pool, one));
      long total = 0;
      for (auto& wait : waits) total += co_await std::move(wait);
      co_return total;
    };
    CHECK(loop.run_sync(add_up(executor)) == 100'000);
  }

  TEST_CASE("any thread may submit, a worker too") {
    constexpr int threads = 4;
    constexpr int each = 100;
    ThreadPoolExecutor executor(2);
    std::atomic<int> left = 2 * threads * each;
    Gate all_ran;
    const auto count = [&] {
      if (--left == 0) all_ran.open();
    };
    std::vector<std::thread> others;
    others.reserve(threads);
    for (int t = 0; t < threads; ++t) {
      others.emplace_back([&] {
        for (int i = 0; i < each; ++i) {
          executor.submit([&] {
            executor.submit(count);
            count();
          });
        }
      });
    }
    all_ran.wait();
    for (std::thread& other : others) other.join();
    CHECK(left == 0);
  }

  TEST_CASE("what a function submits while the executor is destroyed is dropped") {
    Gate began;
    Gate stopping;
    bool ran = false;
    auto held = std::make_shared<int>();
    {
      ThreadPoolExecutor executor(2);
      executor.submit([&] {
        began.open();
        stopping.wait();
        executor.submit([held, &ran] { ran = true; });
      });
      began.wait();
      executor.submit([&] { stopping.wait(); });  // no thread is left for the next one
      executor.submit([opener = std::make_shared<OpenWhenDropped>(stopping)] {});
    }
    CHECK(!ran);
    CHECK(held.use_count() == 1);
  }

  TEST_CASE("several loops share one executor") {
    ThreadPoolExecutor executor(2);
    std::vector<std::thread> threads;
    std::atomic<int> total = 0;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&executor, &total] {
        IOLoop loop;
        for (int i = 0; i < 50; ++i) total += loop.run_sync(run_on(executor, [i] { return i; }));
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(total == 4 * 1225);
  }
}
