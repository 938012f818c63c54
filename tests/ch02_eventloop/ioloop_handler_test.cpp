// final: yes

#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "loops.h"
#include "support/background.h"
#include "support/readable.h"
#include "support/story.h"

// Task 2.2. No test here adds a callback or a timer: these are for the tasks that follow.

using funnel::IOLoop;
using funnel::testing::LogCapture;
using funnel::testing::run_ready;
using loops::Watchdog;
using loops::Wire;
using test_support::tell;

namespace {

void start(IOLoop& loop) {
  tell("yours", "start()");
  const Watchdog watchdog("start()");
  loop.start();
  tell("yours", "start() has returned");
}

void ignore(int, unsigned) {}

}  // namespace

TEST_CASE("a handler is called while its descriptor is ready and not before") {
  IOLoop loop;
  const Wire wire;
  std::string received;
  int calls = 0;
  tell("yours", "add_handler for reading");
  loop.add_handler(wire.near(), IOLoop::read, [&](int fd, unsigned events) {
    CHECK(fd == wire.near());
    CHECK(events == IOLoop::read);
    if (++calls < 3) return;  // not read yet: it is still ready
    received += wire.receive();
    tell("yours", "the handler has received " + test_support::shown(received));
  });
  run_ready(loop);
  REQUIRE(calls == 0);
  wire.send("a");
  run_ready(loop);
  tell("expected", "it is called again and again until the byte is read");
  REQUIRE(calls == 3);
  wire.send("b");
  run_ready(loop);
  REQUIRE(received == "ab");
  tell("yours", "remove_handler");
  loop.remove_handler(wire.near());
  wire.send("c");
  run_ready(loop);
  REQUIRE(received == "ab");

  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
  bool called = false;
  loop.add_handler(ends[0], IOLoop::read, [&](int fd, unsigned) {
    called = true;
    loop.remove_handler(fd);
  });
  tell("peer", "closes the writing end of a pipe");
  ::close(ends[1]);
  run_ready(loop);
  ::close(ends[0]);
  tell("expected", "the handler hears of it, since an error is always wanted");
  REQUIRE(called == true);
}

TEST_CASE("start turns until a handler calls stop") {
  IOLoop loop;
  const Wire ada("ada");
  const Wire ben("ben");
  std::string order;
  loop.add_handler(ada.near(), IOLoop::read, [&](int, unsigned) {
    order += "ada " + ada.receive() + ", ";
    ben.send("stop");
  });
  loop.add_handler(ben.near(), IOLoop::read, [&](int, unsigned) {
    order += "ben " + ben.receive();
    loop.stop();
  });
  ada.send("hello");
  start(loop);
  REQUIRE(order == "ada hello, ben stop");

  tell("yours", "stop() before start()");
  loop.stop();
  ada.send("again");
  start(loop);
  tell("expected", "it returned at once; the start after that runs as ever");
  REQUIRE(order == "ada hello, ben stop");
  start(loop);
  REQUIRE(order == "ada hello, ben stopada again, ben stop");

  const Wire cleo("cleo");
  const Wire dora("dora");
  int calls = 0;
  for (const Wire* wire : {&cleo, &dora}) {
    loop.add_handler(wire->near(), IOLoop::read, [&calls, &loop, wire](int, unsigned) {
      ++calls;
      wire->receive();
      loop.stop();
    });
  }
  cleo.send("hello");
  dora.send("hello");
  start(loop);
  tell("expected", "both were ready, and the first handler that ran has stopped the loop");
  REQUIRE(calls == 1);
  start(loop);
  REQUIRE(calls == 2);
}

TEST_CASE("a handler that another one of the same turn has removed is not called") {
  IOLoop loop;
  const Wire ada("ada");
  const Wire ben("ben");
  int calls = 0;
  tell("yours", "two handlers, each of which removes the other");
  loop.add_handler(ada.near(), IOLoop::read, [&](int, unsigned) {
    ++calls;
    ada.receive();
    loop.remove_handler(ben.near());
  });
  loop.add_handler(ben.near(), IOLoop::read, [&](int, unsigned) {
    ++calls;
    ben.receive();
    loop.remove_handler(ada.near());
  });
  ada.send("hello");
  ben.send("hello");
  run_ready(loop);
  tell("expected", "both were ready, and one of them was called");
  REQUIRE(calls == 1);
}

TEST_CASE("a descriptor that is closed and used again within a turn is another one") {
  IOLoop loop;
  Wire ada("ada");
  Wire ben("ben");
  const Wire next("next");
  bool next_was_called = false;
  const auto replace = [&](Wire& other) {
    const int number = other.near();
    loop.remove_handler(number);
    tell("yours", "the handler closes the other client, and the number is used for a new one");
    ::dup3(next.near(), number, O_CLOEXEC);
    loop.add_handler(number, IOLoop::read, [&, number](int, unsigned) {
      next_was_called = true;
      tell("yours", "the new client's handler is called");
      loop.remove_handler(number);
    });
  };
  loop.add_handler(ada.near(), IOLoop::read, [&](int fd, unsigned) {
    loop.remove_handler(fd);
    replace(ben);
  });
  loop.add_handler(ben.near(), IOLoop::read, [&](int fd, unsigned) {
    loop.remove_handler(fd);
    replace(ada);
  });
  ada.send("hello");
  ben.send("hello");
  run_ready(loop);
  tell("expected", "the new client has sent nothing, so its handler is not called");
  REQUIRE(next_was_called == false);
  next.send("hello");
  run_ready(loop);
  REQUIRE(next_was_called);
}

TEST_CASE("a handler may remove itself and go on using what it holds") {
  IOLoop loop;
  const Wire wire;
  std::weak_ptr<std::string> watched;
  std::string seen;
  {
    auto held = std::make_shared<std::string>("a text that the handler owns");
    watched = held;
    loop.add_handler(wire.near(), IOLoop::read, [&, held](int fd, unsigned) {
      tell("yours", "the handler removes itself, then reads what it holds");
      loop.remove_handler(fd);
      seen = *held;
    });
  }
  wire.send("hello");
  run_ready(loop);
  REQUIRE(seen == "a text that the handler owns");
  tell("expected", "when it has returned, the loop keeps nothing of it");
  REQUIRE(watched.expired());
}

TEST_CASE("an update within the turn decides what a handler is called for") {
  IOLoop loop;
  const Wire wire;
  wire.send("hello");
  std::string events_seen;
  loop.add_handler(wire.near(), IOLoop::read, [&](int fd, unsigned events) {
    events_seen += events == IOLoop::read ? "read " : "write ";
    if (events == IOLoop::write) return loop.remove_handler(fd);
    tell("yours", "the handler updates itself: write instead of read");
    loop.update_handler(fd, IOLoop::write);
  });
  run_ready(loop);
  REQUIRE(events_seen == "read write ");

  const Wire ada("ada");
  const Wire ben("ben");
  int calls = 0;
  const auto busy = [&](const Wire& other) {
    ++calls;
    other.fill();
    tell("yours", "the handler updates the other one: write only, and nothing fits there");
    loop.update_handler(other.near(), IOLoop::write);
    loop.remove_handler(&other == &ada ? ben.near() : ada.near());
  };
  loop.add_handler(ada.near(), IOLoop::read, [&](int, unsigned) { busy(ben); });
  loop.add_handler(ben.near(), IOLoop::read, [&](int, unsigned) { busy(ada); });
  ada.send("hello");
  ben.send("hello");
  run_ready(loop);
  tell("expected", "what the poller saw of it was a byte to read, which it no longer waits for");
  REQUIRE(calls == 1);
}

TEST_CASE("an exception in a handler is logged and the loop goes on") {
  const LogCapture log;
  IOLoop loop;
  const Wire ada("ada");
  const Wire ben("ben");
  std::string received;
  loop.add_handler(ada.near(), IOLoop::read, [&](int, unsigned) {
    received += ada.receive();
    throw std::runtime_error("ada's handler has failed");
  });
  loop.add_handler(ben.near(), IOLoop::read, [&](int, unsigned) { received += ben.receive(); });
  ada.send("x");
  ben.send("x");
  run_ready(loop);
  REQUIRE(received == "xx");
  CHECK(log.contains("ada's handler has failed"));
  tell("expected", "the handler that threw is still there");
  ada.send("y");
  run_ready(loop);
  REQUIRE(received == "xxy");
}

TEST_CASE("a handler that cannot be added leaves nothing behind") {
  IOLoop loop;
  Wire wire;
  loop.add_handler(wire.near(), IOLoop::read, ignore);
  tell("yours", "add_handler, for a descriptor that has one");
  CHECK_THROWS_AS(loop.add_handler(wire.near(), IOLoop::write, ignore), std::invalid_argument);
  loop.remove_handler(wire.near());
  tell("yours", "add_handler with no event, and update_handler where there is no handler");
  CHECK_THROWS_AS(loop.add_handler(wire.near(), 0, ignore), std::invalid_argument);
  CHECK_THROWS_AS(loop.update_handler(wire.near(), IOLoop::read), std::invalid_argument);

  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  auto held = std::make_shared<int>(0);
  tell("yours", "add_handler for a file on disk, twice");
  for (int i = 0; i < 2; ++i) {
    CHECK_THROWS_AS(loop.add_handler(file, IOLoop::read, [held](int, unsigned) {}),
                    std::system_error);
  }
  tell("expected", "system_error each time, and nothing of the handler is kept");
  CHECK(held.use_count() == 1);
  loop.remove_handler(file);
  ::close(file);
}
