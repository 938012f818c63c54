#include <funnel/ioloop.h>

#include <funnel/gen.h>
#include <funnel/task.h>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/loop_core.h"

using namespace funnel;
using namespace std::chrono_literals;

namespace {

Task<> take_turns(int turns) {
  for (int i = 0; i < turns; ++i) co_await gen::sleep(0s);
}

Task<> stop_after(IOLoop& loop, int turns) {
  co_await take_turns(turns);
  loop.stop();
}

}  // namespace

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

  TEST_CASE("the maker's thread may add callbacks while another thread takes the loop or ends") {
    for (int round = 0; round < 50; ++round) {
      IOLoop loop;
      int ran = 0;
      const auto count = [&ran] { ++ran; };
      std::thread runner([&loop] { loop.start(); });
      for (int i = 0; i < 100; ++i) loop.add_callback(count);
      loop.add_callback([&loop] { loop.stop(); });
      for (int i = 0; i < 100; ++i) loop.add_callback(count);
      runner.join();
      CHECK(ran >= 100);
      loop.add_callback([&loop] { loop.stop(); });
      loop.start();  // what was left
      CHECK(ran == 200);
    }
  }

  TEST_CASE("a loop that another thread has run is its maker's again") {
    IOLoop loop;
    const auto stop = [&loop] { loop.stop(); };
    std::thread([&] {
      loop.add_callback(stop);
      loop.start();
    }).join();
    loop.call_later(0s, stop);
    loop.start();
  }

  TEST_CASE("callbacks of one thread keep their order when it begins to run the loop") {
    IOLoop loop;
    std::string order;
    loop.add_callback([&] { order += 'a'; });
    std::thread([&] {
      loop.add_callback([&] { order += 'b'; });
      loop.run_sync([](std::string& out) -> Task<> {
        out += 'c';
        co_return;
      }(order));
    }).join();
    CHECK(order == "abc");
  }

  TEST_CASE("a thread that has run the loop of another does not keep it as its own") {
    IOLoop loop;
    std::thread([&] {
      loop.add_callback([&] {
        CHECK(IOLoop::current_or_null() == &loop);
        loop.stop();
      });
      loop.start();
      CHECK(IOLoop::current_or_null() == nullptr);
    }).join();
  }

  TEST_CASE("tasks that were spawned on one thread run on another, while the first has its own") {
    IOLoop loop;
    std::promise<void> running;
    std::string dump;
    for (int i = 0; i < 10; ++i) spawn_callback(take_turns(100));
    loop.add_callback([&] { running.set_value(); });
    spawn_callback(stop_after(loop, 200));
    std::thread other([&] {
      loop.add_callback([&] { dump = dump_tasks(); });
      loop.start();
    });
    running.get_future().wait();
    IOLoop own;
    for (int i = 0; i < 100; ++i) {
      const Task<> unused = take_turns(1);
      own.run_sync(take_turns(1));
    }
    other.join();
    CHECK(dump.find("take_turns") != std::string::npos);
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
