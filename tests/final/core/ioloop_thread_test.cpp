#include <funnel/ioloop.h>

#include <funnel/gen.h>
#include <funnel/task.h>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "core/loop_core.h"

using namespace funnel;
using namespace std::chrono_literals;

TEST_SUITE("core.ioloop.threads") {
  TEST_CASE("10,000 callbacks from eight threads all run, in order for each thread") {
    constexpr int threads = 8;
    constexpr int each = 1250;
    IOLoop loop;
    std::array<int, threads> next{};
    int total = 0;
    bool in_order = true;
    std::vector<std::thread> workers;
    for (std::size_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          loop.add_callback([&, t, i] {
            in_order = in_order && next[t]++ == i;
            if (++total == threads * each) loop.stop();
          });
        }
      });
    }
    loop.start();
    for (std::thread& worker : workers) worker.join();
    CHECK(total == threads * each);
    CHECK(in_order);
  }

  TEST_CASE("a callback from another thread wakes a loop that waits") {
    IOLoop loop;
    std::atomic<bool> running = false;
    std::thread::id ran_on;
    loop.add_callback([&] {
      running = true;
      running.notify_one();
    });
    std::thread other([&] {
      running.wait(false);
      loop.add_callback([&] {
        ran_on = std::this_thread::get_id();
        loop.stop();
      });
    });
    loop.start();
    other.join();
    CHECK(ran_on == std::this_thread::get_id());
  }

  TEST_CASE("callbacks that come before start run when it is called") {
    IOLoop loop;
    bool ran = false;
    std::thread([&] {
      loop.add_callback([&] {
        ran = true;
        loop.stop();
      });
    }).join();
    CHECK(!ran);
    loop.start();
    CHECK(ran);
  }

  TEST_CASE("callbacks that come after the loop has ended are dropped and freed") {
    std::shared_ptr<detail::RemoteQueue> remote;
    auto held = std::make_shared<int>();
    const std::weak_ptr<int> watch = held;
    bool ran = false;
    {
      IOLoop loop;
      remote = loop.core().remote();
      std::thread([&] { loop.add_callback([held, &ran] { ran = true; }); }).join();
    }
    CHECK(held.use_count() == 1);  // what was queued at the end is freed
    std::thread([&] { remote->push([held = std::move(held), &ran] { ran = true; }); }).join();
    CHECK(watch.expired());
    CHECK(!ran);
  }

  TEST_CASE("a loop may run on another thread than the one that made it") {
    IOLoop loop;
    bool fired = false;
    std::thread([&] {
      loop.add_callback([&] {
        loop.call_later(0s, [&] {
          fired = true;
          loop.stop();
        });
      });
      loop.start();
    }).join();
    CHECK(fired);
  }

  TEST_CASE("each thread has its own current loop, which lives as long as the thread") {
    IOLoop loop;
    std::thread([&] {
      CHECK(IOLoop::current_or_null() == nullptr);
      IOLoop& own = IOLoop::current();
      CHECK(&own != &loop);
      CHECK(&IOLoop::current() == &own);
      run_sync([]() -> Task<> { co_await gen::sleep(0s); }());
      spawn_callback([]() -> Task<> { co_await gen::sleep(1h); }());
    }).join();
    CHECK(&IOLoop::current() == &loop);
  }
}
