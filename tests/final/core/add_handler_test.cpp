#include <funnel/ioloop.h>

#include <funnel/testing.h>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support.h"

using namespace funnel;
using core_tests::ignore;
using core_tests::is_open;
using core_tests::Pipe;
using core_tests::SocketPair;
using testing::ManualClock;
using testing::run_ready;

namespace {

bool is_blocking(int fd) { return (::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

}  // namespace

TEST_SUITE("core.ioloop.handlers") {
  TEST_CASE("a handler is called when its descriptor is ready, not before") {
    ManualClock clock;
    IOLoop loop(clock);
    const Pipe pipe;
    std::string seen;
    loop.add_handler(pipe.reader(), IOLoop::read, [&](int fd, unsigned events) {
      CHECK(fd == pipe.reader());
      CHECK(events == IOLoop::read);
      seen += pipe.take();
    });
    run_ready(loop);
    CHECK(seen.empty());
    pipe.put('a');
    run_ready(loop);
    CHECK(seen == "a");
    pipe.put('b');
    pipe.put('c');
    run_ready(loop);
    CHECK(seen == "abc");
  }

  TEST_CASE("a handler is called again and again as long as its descriptor is ready") {
    ManualClock clock;
    IOLoop loop(clock);
    const Pipe pipe;
    pipe.put('a');
    int calls = 0;
    loop.add_handler(pipe.reader(), IOLoop::read, [&](int fd, unsigned) {
      if (++calls == 3) loop.remove_handler(fd);  // nothing was read
    });
    run_ready(loop);
    CHECK(calls == 3);
  }

  TEST_CASE("a handler hears of each event it asked for") {
    ManualClock clock;
    IOLoop loop(clock);
    const SocketPair ends;
    REQUIRE(::write(ends.second(), "a", 1) == 1);
    unsigned seen = 0;
    int calls = 0;
    loop.add_handler(ends.first(), IOLoop::read | IOLoop::write, [&](int fd, unsigned events) {
      seen |= events;
      if (++calls == 4) loop.remove_handler(fd);
    });
    run_ready(loop);
    CHECK(seen == (IOLoop::read | IOLoop::write));
  }

  TEST_CASE("update_handler changes what a descriptor is watched for") {
    ManualClock clock;
    IOLoop loop(clock);
    const SocketPair ends;
    REQUIRE(::write(ends.second(), "a", 1) == 1);
    std::string seen;
    loop.add_handler(ends.first(), IOLoop::read, [&](int fd, unsigned events) {
      seen += events == IOLoop::read ? 'r' : events == IOLoop::write ? 'w' : '?';
      if (seen.size() == 2) loop.update_handler(fd, IOLoop::write);
      if (seen.size() == 4) loop.remove_handler(fd);
    });
    run_ready(loop);
    CHECK(seen == "rrww");
  }

  TEST_CASE("update_handler takes back what was already seen") {
    ManualClock clock;
    IOLoop loop(clock);
    const SocketPair ends;
    REQUIRE(::write(ends.second(), "a", 1) == 1);
    std::vector<unsigned> seen;
    loop.add_handler(ends.first(), IOLoop::read | IOLoop::write, [&](int fd, unsigned events) {
      seen.push_back(events);
      if (seen.size() == 1) loop.update_handler(fd, events);  // the other one is queued already
      if (seen.size() == 3) loop.remove_handler(fd);
    });
    run_ready(loop);
    CHECK(seen == std::vector<unsigned>(3, seen.at(0)));
  }

  TEST_CASE("a handler may remove itself, and lives until its call is over") {
    ManualClock clock;
    IOLoop loop(clock);
    const Pipe pipe;
    pipe.put('a');
    auto held = std::make_shared<std::string>("held");
    const std::weak_ptr<std::string> watch = held;
    loop.add_handler(pipe.reader(), IOLoop::read,
                     [&loop, held = std::exchange(held, {})](int fd, unsigned) {
                       loop.remove_handler(fd);
                       CHECK(*held == "held");
                     });
    run_ready(loop);
    CHECK(watch.expired());
  }

  TEST_CASE("a handler that is removed is not called for what was already seen") {
    ManualClock clock;
    IOLoop loop(clock);
    const Pipe a;
    const Pipe b;
    a.put('x');
    b.put('x');
    int calls = 0;
    const auto remove_both = [&](int, unsigned) {
      ++calls;
      loop.remove_handler(a.reader());
      loop.remove_handler(b.reader());
    };
    loop.add_handler(a.reader(), IOLoop::read, remove_both);
    loop.add_handler(b.reader(), IOLoop::read, remove_both);
    run_ready(loop);
    CHECK(calls == 1);
  }

  TEST_CASE("a new handler does not get the events of an old file with the same number") {
    ManualClock clock;
    IOLoop loop(clock);
    Pipe a;
    Pipe b;
    Pipe fresh;
    a.put('x');
    b.put('x');
    int old_calls = 0;
    std::string seen;
    const auto replace = [&](int ready, unsigned) {
      ++old_calls;
      // Both completions are queued; the other descriptor's number now becomes another file's.
      const int other = ready == a.reader() ? b.reader() : a.reader();
      loop.remove_handler(ready);
      loop.remove_handler(other);
      REQUIRE(::dup2(fresh.reader(), other) == other);
      loop.add_handler(other, IOLoop::read, [&](int, unsigned) { seen += fresh.take(); });
    };
    loop.add_handler(a.reader(), IOLoop::read, replace);
    loop.add_handler(b.reader(), IOLoop::read, replace);
    run_ready(loop);
    CHECK(old_calls == 1);
    CHECK(seen.empty());
    fresh.put('n');
    run_ready(loop);
    CHECK(seen == "n");
  }

  TEST_CASE("a handler may be added again at once for the same descriptor") {
    ManualClock clock;
    IOLoop loop(clock);
    const Pipe pipe;
    pipe.put('a');
    std::string seen;
    loop.add_handler(pipe.reader(), IOLoop::read, [&](int fd, unsigned) {
      seen += '1';
      loop.remove_handler(fd);
      loop.add_handler(fd, IOLoop::read, [&](int, unsigned) {
        seen += '2';
        pipe.take();
      });
    });
    run_ready(loop);
    CHECK(seen == "12");
  }

  TEST_CASE("a descriptor is non-blocking while it has a handler, and then blocking again") {
    ManualClock clock;
    const SocketPair ends;
    {
      IOLoop loop(clock);
      CHECK(is_blocking(ends.first()));
      for (int i = 0; i < 2; ++i) {
        loop.add_handler(ends.first(), IOLoop::read, ignore);
        CHECK(!is_blocking(ends.first()));
        loop.remove_handler(ends.first());
        CHECK(is_blocking(ends.first()));
      }
      loop.add_handler(ends.first(), IOLoop::read, ignore);
    }
    CHECK(is_blocking(ends.first()));
  }

  TEST_CASE("a descriptor that was non-blocking stays so, and keeps its other flags") {
    ManualClock clock;
    const Pipe pipe;
    const SocketPair ends;
    REQUIRE(::fcntl(ends.first(), F_SETFL, O_APPEND) == 0);
    {
      IOLoop loop(clock);
      loop.add_handler(pipe.reader(), IOLoop::read, ignore);
      loop.remove_handler(pipe.reader());
      CHECK(!is_blocking(pipe.reader()));
      loop.add_handler(pipe.reader(), IOLoop::read, ignore);
      loop.add_handler(ends.first(), IOLoop::read, ignore);
    }
    CHECK(!is_blocking(pipe.reader()));
    CHECK((::fcntl(ends.first(), F_GETFL) & (O_APPEND | O_NONBLOCK)) == O_APPEND);
  }

  TEST_CASE("the descriptor stays open after its handler and after the loop") {
    ManualClock clock;
    const Pipe a;
    const Pipe b;
    {
      IOLoop loop(clock);
      loop.add_handler(a.reader(), IOLoop::read, ignore);
      loop.add_handler(b.reader(), IOLoop::read, ignore);
      run_ready(loop);
      loop.remove_handler(a.reader());
      run_ready(loop);
      CHECK(is_open(a.reader()));
    }
    CHECK(is_open(a.reader()));
    CHECK(is_open(b.reader()));
  }

  TEST_CASE("what a handler holds is freed with its removal and with the loop") {
    ManualClock clock;
    const Pipe a;
    const Pipe b;
    auto held = std::make_shared<int>();
    {
      IOLoop loop(clock);
      loop.add_handler(a.reader(), IOLoop::read, [held](int, unsigned) {});
      loop.add_handler(b.reader(), IOLoop::read, [held](int, unsigned) {});
      CHECK(held.use_count() == 3);
      loop.remove_handler(a.reader());
      CHECK(held.use_count() == 2);
    }
    CHECK(held.use_count() == 1);
  }
}
