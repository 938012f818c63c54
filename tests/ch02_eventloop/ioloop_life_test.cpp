// final: yes

#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "last_words.h"
#include "loops.h"

// Given code: which loop is the current one, how a loop ends, and who may call it.

using funnel::IOLoop;
using funnel::testing::run_ready;
using namespace std::chrono_literals;
using loops::last_words;
using loops::Wire;

namespace {

/// Does something when it is destroyed.
class AtTheEnd {
 public:
  explicit AtTheEnd(std::function<void()> action) : action_(std::move(action)) {}
  AtTheEnd(const AtTheEnd&) = delete;
  AtTheEnd& operator=(const AtTheEnd&) = delete;
  ~AtTheEnd() { action_(); }

 private:
  std::function<void()> action_;
};

void ignore(int, unsigned) {}

}  // namespace

TEST_CASE("the current loop is the one that runs or else the first that was made") {
  std::thread([] {
    CHECK(IOLoop::current_or_null() == nullptr);
    std::optional<IOLoop> first(std::in_place);
    IOLoop second;
    CHECK(&IOLoop::current() == &*first);
    IOLoop* within = nullptr;
    second.add_callback([&] { within = &IOLoop::current(); });
    run_ready(second);
    CHECK(within == &second);
    CHECK(&IOLoop::current() == &*first);
    first.reset();
    CHECK(IOLoop::current_or_null() !=
          &second);  // only a loop that is made becomes the current one
  }).join();
  std::thread([] {
    IOLoop& own = IOLoop::current();
    CHECK(&IOLoop::current() == &own);
    CHECK(IOLoop::current_or_null() == &own);
  }).join();
}

TEST_CASE("one loop at a time runs on a thread") {
  IOLoop loop;
  IOLoop other;
  int refused = 0;
  loop.add_callback([&] {
    try {
      run_ready(other);
    } catch (const std::logic_error&) {
      ++refused;
    }
    try {
      loop.start();
    } catch (const std::logic_error&) {
      ++refused;
    }
  });
  run_ready(loop);
  CHECK(refused == 2);
}

TEST_CASE("a loop that is destroyed drops what has not run") {
  const Wire wire;
  auto held = std::make_shared<int>(0);
  bool ran = false;
  {
    IOLoop loop;
    loop.add_callback([&ran, held] { ran = true; });
    loop.call_later(1h, [&ran, held] { ran = true; });
    loop.add_handler(wire.near(), IOLoop::read, [&ran, held](int, unsigned) { ran = true; });
    wire.send("hello");
  }
  CHECK(!ran);
  CHECK(held.use_count() == 1);
}

TEST_CASE("what is dropped with a loop may call it") {
  const Wire wire;
  int ends = 0;
  {
    IOLoop loop;
    const auto add_more = [&] {
      ++ends;
      loop.add_callback([] {});
      loop.remove_timeout(loop.call_later(1s, [] {}));
      loop.remove_handler(wire.near());
    };
    loop.add_callback([keep = std::make_shared<AtTheEnd>(add_more)] {});
    loop.call_later(1h, [keep = std::make_shared<AtTheEnd>(add_more)] {});
    loop.add_handler(wire.near(), IOLoop::read,
                     [keep = std::make_shared<AtTheEnd>(add_more)](int, unsigned) {});
  }
  CHECK(ends == 3);
}

TEST_CASE("another thread that calls what it must not is stopped with a sentence") {
  const auto from_another_thread = [](const std::function<void(IOLoop&)>& call) {
    return last_words([&] {
      IOLoop loop;
      std::thread([&] { call(loop); }).join();
    });
  };
  const auto expected = [](const std::string& member) {
    return "funnel: IOLoop::" + member + " was called from a thread that does not run the loop";
  };
  CHECK(from_another_thread([](IOLoop& loop) { loop.stop(); }).starts_with(expected("stop")));
  CHECK(from_another_thread([](IOLoop& loop) {
          loop.call_later(1s, [] {});
        }).starts_with(expected("call_at")));
  CHECK(from_another_thread([](IOLoop& loop) {
          loop.remove_timeout({});
        }).starts_with(expected("remove_timeout")));
  CHECK(from_another_thread([](IOLoop& loop) {
          loop.add_handler(0, IOLoop::read, ignore);
        }).starts_with(expected("add_handler")));
  CHECK(from_another_thread([](IOLoop& loop) {
          loop.update_handler(0, IOLoop::read);
        }).starts_with(expected("update_handler")));
  CHECK(from_another_thread([](IOLoop& loop) {
          loop.remove_handler(0);
        }).starts_with(expected("remove_handler")));
}
