#include <funnel/ioloop.h>

#include <funnel/testing.h>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "core/fd_watch.h"
#include "core/loop_core.h"
#include "support.h"

using namespace funnel;
using core_tests::ignore;
using core_tests::is_open;
using core_tests::Pipe;
using testing::LogCapture;
using testing::ManualClock;
using testing::run_ready;

namespace {

/// Returns the two ends of a connection over TCP, which has urgent data.
std::pair<int, int> tcp_connection() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener, generic, size) == 0);
  REQUIRE(::listen(listener, 1) == 0);
  REQUIRE(::getsockname(listener, generic, &size) == 0);
  const int client = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::connect(client, generic, size) == 0);
  const int server = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  REQUIRE(server >= 0);
  ::close(listener);
  return {client, server};
}

}  // namespace

TEST_SUITE("core.ioloop.handler_errors") {
  TEST_CASE("a hang-up is reported as an error, whatever the handler asked for") {
    ManualClock clock;
    IOLoop loop(clock);
    for (const unsigned asked : {unsigned{IOLoop::read}, unsigned{IOLoop::error}}) {
      CAPTURE(asked);
      Pipe pipe;
      unsigned seen = 0;
      loop.add_handler(pipe.reader(), asked, [&](int fd, unsigned events) {
        seen |= events;
        loop.remove_handler(fd);
      });
      run_ready(loop);
      CHECK(seen == 0);
      pipe.close_writer();
      run_ready(loop);
      CHECK((seen & IOLoop::error) == IOLoop::error);
    }
    Pipe pipe;
    pipe.close_reader();
    unsigned seen = 0;
    loop.add_handler(pipe.writer(), IOLoop::write, [&](int fd, unsigned events) {
      seen |= events;
      loop.remove_handler(fd);
    });
    run_ready(loop);
    CHECK((seen & IOLoop::error) == IOLoop::error);
  }

  TEST_CASE("who waits for errors only does not hear of data") {
    ManualClock clock;
    IOLoop loop(clock);
    const Pipe pipe;
    int calls = 0;
    loop.add_handler(pipe.reader(), IOLoop::error, [&](int, unsigned) { ++calls; });
    pipe.put('a');
    run_ready(loop);
    CHECK(calls == 0);
    loop.remove_handler(pipe.reader());
  }

  TEST_CASE("what the system cannot watch is refused") {
    ManualClock clock;
    IOLoop loop(clock);
    std::FILE* file = std::tmpfile();
    REQUIRE(file != nullptr);
    const int fd = ::fileno(file);
    CHECK_THROWS_AS(loop.add_handler(fd, IOLoop::read, ignore), std::system_error);
    CHECK_THROWS_AS(loop.add_handler(fd, IOLoop::read, ignore), std::system_error);
    CHECK(is_open(fd));
    std::fclose(file);
    CHECK_THROWS_AS(loop.add_handler(fd, IOLoop::read, ignore), std::system_error);
    CHECK_THROWS_AS(loop.add_handler(-1, IOLoop::read, ignore), std::system_error);
    for (const char* path : {"/dev/null", "/"}) {
      CAPTURE(path);
      const int always_ready = ::open(path, O_RDONLY | O_CLOEXEC);
      REQUIRE(always_ready >= 0);
      for (const unsigned events : {unsigned{IOLoop::read}, unsigned{IOLoop::error}}) {
        CHECK_THROWS_AS(loop.add_handler(always_ready, events, ignore), std::system_error);
      }
      ::close(always_ready);
    }
  }

  TEST_CASE("a descriptor that is closed under the watch is given up") {
    ManualClock clock;
    IOLoop loop(clock);
    Pipe pipe;
    const int fd = pipe.reader();
    int calls = 0;
    pipe.put('a');
    loop.add_handler(fd, IOLoop::read, [&](int, unsigned) {
      if (++calls == 1) pipe.close_reader();
      if (calls == 100) loop.remove_handler(fd);  // a broken loop would never end
    });
    run_ready(loop);
    CHECK(calls == 1);
    loop.remove_handler(fd);
  }

  TEST_CASE("a watch that fails ends, with a word in the log") {
    const LogCapture log;
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    int calls = 0;
    IOLoop loop;
    const auto watch = std::make_shared<detail::FdWatch>(loop.core(), fd, [&](int, unsigned) {
      if (++calls == 100) loop.stop();
    });
    watch->update(IOLoop::read | IOLoop::write);
    run_ready(loop);
    CHECK(calls == 0);
    REQUIRE(log.size() == 1);
    CHECK(log.contains("is no longer watched: Operation not supported"));
    CHECK(is_open(fd));
    ::close(fd);
  }

  TEST_CASE("urgent data counts as an error for who waits for nothing else") {
    ManualClock clock;
    IOLoop loop(clock);
    const auto [sender, receiver] = tcp_connection();
    REQUIRE(::send(sender, "u", 1, MSG_OOB) == 1);
    std::vector<unsigned> seen;
    const int watched = receiver;
    loop.add_handler(watched, IOLoop::error, [&](int fd, unsigned events) {
      seen.push_back(events);
      char byte = 0;
      if (seen.size() == 2) CHECK(::recv(fd, &byte, 1, MSG_OOB) == 1);
      if (seen.size() == 100) loop.remove_handler(fd);
    });
    run_ready(loop);
    CHECK(seen == std::vector<unsigned>(2, IOLoop::error));
    loop.remove_handler(watched);
    ::close(sender);
    ::close(receiver);
  }

  TEST_CASE("a second handler for a descriptor is refused, the first stays") {
    ManualClock clock;
    IOLoop loop(clock);
    const Pipe pipe;
    std::string seen;
    loop.add_handler(pipe.reader(), IOLoop::read, [&](int, unsigned) { seen += pipe.take(); });
    CHECK_THROWS_AS(loop.add_handler(pipe.reader(), IOLoop::read, ignore), std::invalid_argument);
    pipe.put('a');
    run_ready(loop);
    CHECK(seen == "a");
  }

  TEST_CASE("no event or an unknown one is refused, and changes nothing") {
    ManualClock clock;
    IOLoop loop(clock);
    const Pipe pipe;
    std::string seen;
    CHECK_THROWS_AS(loop.add_handler(pipe.reader(), 0, ignore), std::invalid_argument);
    CHECK_THROWS_AS(loop.add_handler(pipe.reader(), 2, ignore), std::invalid_argument);
    CHECK_THROWS_AS(loop.update_handler(pipe.reader(), IOLoop::read), std::invalid_argument);
    loop.add_handler(pipe.reader(), IOLoop::read, [&](int, unsigned) { seen += pipe.take(); });
    CHECK_THROWS_AS(loop.update_handler(pipe.reader(), 0), std::invalid_argument);
    pipe.put('a');
    run_ready(loop);
    CHECK(seen == "a");
  }

  TEST_CASE("removing a handler that is not there is harmless") {
    ManualClock clock;
    IOLoop loop(clock);
    const Pipe pipe;
    loop.remove_handler(pipe.reader());
    loop.add_handler(pipe.reader(), IOLoop::read, ignore);
    loop.remove_handler(pipe.reader());
    loop.remove_handler(pipe.reader());
    loop.remove_handler(-1);
  }

  TEST_CASE("an exception from a handler is logged and the watch goes on") {
    ManualClock clock;
    IOLoop loop(clock);
    LogCapture log;
    const Pipe pipe;
    loop.add_handler(pipe.reader(), IOLoop::read, [&](int, unsigned) {
      pipe.take();
      throw std::runtime_error("unreadable");
    });
    pipe.put('a');
    pipe.put('b');
    run_ready(loop);
    CHECK(log.size() == 2);
    CHECK(log.contains("unreadable"));
  }
}
