#include <funnel/iostream.h>

#include <funnel/gen.h>
#include <funnel/task.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>
#include <system_error>
#include <utility>

#include "../../support/time_scale.h"
#include "../core/support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::is_open;
using test_support::time_limit;

namespace {

class Ends {
 public:
  Ends() { REQUIRE(::pipe(fds_.data()) == 0); }
  int read_end() const { return fds_[0]; }
  int write_end() const { return fds_[1]; }

 private:
  std::array<int, 2> fds_{};
};

Task<std::string> await_read(StreamRead read) { co_return co_await std::move(read); }

std::string run(IOLoop& loop, StreamRead read) {
  return loop.run_sync(await_read(std::move(read)), time_limit(10s));
}

Task<> await_done(Future<> future) { co_await future; }

Task<> echo_until_end(IOStream* stream) {
  while (co_await stream->fill()) {
    const std::string received(stream->buffered());
    stream->consume(received.size());
    co_await stream->write(received);
  }
  co_await stream->write("the end");
  stream->close_write();
}

Task<int> ping_pong(IOStream& stream, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    co_await stream.write("ping\n");
    const std::string line = co_await stream.read_until("\n");
    if (line != "ping\n") co_return i;
  }
  co_return rounds;
}

Task<> read_line(IOStream* stream, std::string* line) { *line = co_await stream->read_until("\n"); }

auto disposition(int signal) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return action.sa_handler;
}

std::error_code refusal(int fd) {
  try {
    const IOStream stream = pipe_stream(fd);
  } catch (const std::system_error& error) {
    return error.code();
  }
  return {};
}

}  // namespace

TEST_SUITE("net.pipe_stream") {
  TEST_CASE("bytes go from one end of a pipe to the other, then the end") {
    IOLoop loop;
    const Ends ends;
    IOStream in = pipe_stream(ends.read_end());
    IOStream out = pipe_stream(ends.write_end());
    (void)out.write("head ", "body\n");
    out.close_write();
    CHECK_FALSE(is_open(ends.write_end()));
    CHECK(run(loop, in.read_until("\n")) == "head body\n");
    CHECK(run(loop, in.read_until_close()) == "");
    CHECK_FALSE(in.error());
    CHECK(out.bytes_written() == 10);
  }

  TEST_CASE("what does not fit into the pipe is sent as the reader reads, and then its end") {
    IOLoop loop;
    const Ends ends;
    IOStream in = pipe_stream(ends.read_end());
    IOStream out = pipe_stream(ends.write_end());
    const std::string data(3'000'000, 'x');
    const Future<> written = out.write(data);
    CHECK_FALSE(written.done());
    out.close_write();
    CHECK(is_open(ends.write_end()));
    CHECK(run(loop, in.read_until_close()) == data);
    CHECK(written.done());
    CHECK_FALSE(is_open(ends.write_end()));
  }

  TEST_CASE("a stream owns its descriptor and makes it close-on-exec") {
    IOLoop loop;
    const Ends ends;
    {
      const IOStream stream = pipe_stream(ends.read_end());
      CHECK(::fcntl(ends.read_end(), F_GETFD) == FD_CLOEXEC);
    }
    CHECK_FALSE(is_open(ends.read_end()));
    IOStream out = pipe_stream(ends.write_end());
    out.close();
    CHECK_FALSE(is_open(ends.write_end()));
  }

  TEST_CASE("a descriptor that cannot be waited for is refused, and closed") {
    IOLoop loop;
    CHECK(refusal(-1) == std::errc::bad_file_descriptor);
    const int file = ::open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    CHECK(refusal(file) == std::errc::operation_not_permitted);
    CHECK_FALSE(is_open(file));
    const int directory = ::open("/", O_RDONLY | O_CLOEXEC);
    CHECK(refusal(directory) == std::errc::operation_not_permitted);
    CHECK_FALSE(is_open(directory));
    const int path_only = ::open("/dev/null", O_PATH | O_CLOEXEC);
    CHECK(refusal(path_only) == std::errc::bad_file_descriptor);
    CHECK_FALSE(is_open(path_only));
    for (const char* always_ready : {"/dev/null", "/dev/zero"}) {
      const int device = ::open(always_ready, O_RDWR | O_CLOEXEC);
      CHECK(refusal(device) == std::errc::operation_not_permitted);
      CHECK_FALSE(is_open(device));
    }
  }

  TEST_CASE("the wrong direction closes the stream with an error") {
    IOLoop loop;
    const Ends ends;
    IOStream in = pipe_stream(ends.read_end());
    IOStream out = pipe_stream(ends.write_end());
    CHECK_THROWS_AS(run(loop, out.read_bytes(1)), StreamClosedError);
    CHECK(out.error() == std::errc::bad_file_descriptor);
    CHECK_THROWS_AS(in.write("x").result(), StreamClosedError);
    CHECK(in.error() == std::errc::bad_file_descriptor);
  }

  TEST_CASE("writing to a pipe that nobody reads is an error, never a signal") {
    IOLoop loop;
    const auto before = disposition(SIGPIPE);
    for (const bool blocked_before : {false, true}) {
      sigset_t sigpipe;
      sigset_t old_mask;
      sigset_t now;
      ::sigemptyset(&sigpipe);
      ::sigaddset(&sigpipe, SIGPIPE);
      ::pthread_sigmask(blocked_before ? SIG_BLOCK : SIG_UNBLOCK, &sigpipe, &old_mask);
      const Ends ends;
      IOStream out = pipe_stream(ends.write_end());
      ::close(ends.read_end());
      CHECK_THROWS_AS(out.write("x").result(), StreamClosedError);
      CHECK(out.error() == std::errc::broken_pipe);
      ::sigpending(&now);
      CHECK(::sigismember(&now, SIGPIPE) == 0);
      ::pthread_sigmask(SIG_SETMASK, &old_mask, &now);
      CHECK(::sigismember(&now, SIGPIPE) == (blocked_before ? 1 : 0));
    }
    CHECK((disposition(SIGPIPE) == before));
  }

  TEST_CASE("a SIGPIPE that was waiting before the write is left for whoever waits for it") {
    IOLoop loop;
    sigset_t sigpipe;
    sigset_t old_mask;
    ::sigemptyset(&sigpipe);
    ::sigaddset(&sigpipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &sigpipe, &old_mask);
    ::raise(SIGPIPE);
    const Ends ends;
    IOStream out = pipe_stream(ends.write_end());
    ::close(ends.read_end());
    CHECK_THROWS_AS(out.write("x").result(), StreamClosedError);
    const timespec no_time{};
    CHECK(::sigtimedwait(&sigpipe, nullptr, &no_time) == SIGPIPE);
    ::pthread_sigmask(SIG_SETMASK, &old_mask, nullptr);
  }

  TEST_CASE("queued bytes fail when the reader goes away") {
    IOLoop loop;
    const Ends ends;
    IOStream out = pipe_stream(ends.write_end());
    const Future<> written = out.write(std::string(1'000'000, 'x'));
    ::close(ends.read_end());
    CHECK_THROWS_AS(loop.run_sync(await_done(written), time_limit(10s)), StreamClosedError);
    CHECK(out.error() == std::errc::broken_pipe);
  }

  TEST_CASE("a socket works in both directions and is shut down by close_write") {
    IOLoop loop;
    core_tests::SocketPair ends;
    IOStream a = pipe_stream(ends.release_first());
    IOStream b = pipe_stream(ends.release_second());
    spawn_callback(echo_until_end(&b));
    CHECK(loop.run_sync(ping_pong(a, 10'000), time_limit(10s)) == 10'000);
    a.close_write();
    CHECK(run(loop, a.read_until_close()) == "the end");
  }

  TEST_CASE("a terminal carries lines, and is at its end when the other side is gone") {
    IOLoop loop;
    int master = -1;
    int slave = -1;
    REQUIRE(::openpty(&master, &slave, nullptr, nullptr, nullptr) == 0);
    IOStream terminal = pipe_stream(master);
    CHECK(::write(slave, "hello\n", 6) == 6);
    CHECK(run(loop, terminal.read_until("\n")) == "hello\r\n");
    (void)terminal.write("typed\n");
    char typed[6];
    CHECK(::read(slave, typed, sizeof typed) == 6);
    CHECK(std::string(typed, 6) == "typed\n");
    terminal.close_write();
    CHECK(is_open(master));
    ::close(slave);
    CHECK(run(loop, terminal.read_until_close()) == "typed\r\n");  // the echo
    CHECK_FALSE(terminal.error());
  }

  TEST_CASE("an idle stream reads on after it gave its buffer back") {
    IOLoop loop;
    const Ends ends;
    IOStream in = pipe_stream(ends.read_end());
    IOStream out = pipe_stream(ends.write_end());
    (void)out.write("early\n");
    CHECK(run(loop, in.read_until("\n")) == "early\n");
    std::string line;
    spawn_callback(read_line(&in, &line));
    testing::run_ready(loop);
    CHECK(in.buffered().data() != nullptr);
    in.release_idle_buffer();
    testing::run_ready(loop);
    CHECK(in.buffered().data() == nullptr);
    (void)out.write("late\n");
    testing::run_ready(loop);
    CHECK(line == "late\n");
  }

  TEST_CASE("a read that is destroyed or cancelled loses nothing") {
    IOLoop loop;
    const Ends ends;
    IOStream in = pipe_stream(ends.read_end());
    IOStream out = pipe_stream(ends.write_end());
    (void)out.write("half");
    CHECK_THROWS_AS(loop.run_sync(await_read(in.read_until("\n")), 5ms), TimeoutError);
    CHECK_FALSE(in.reading());
    (void)out.write(" a line\n");
    CHECK(run(loop, in.read_until("\n")) == "half a line\n");
  }

  TEST_CASE("a stream may be destroyed while the loop works for it") {
    IOLoop loop;
    const Ends ends;
    {
      IOStream in = pipe_stream(ends.read_end());
      IOStream out = pipe_stream(ends.write_end());
      (void)out.write(std::string(1'000'000, 'x'));
      CHECK_THROWS_AS(loop.run_sync(await_read(in.read_bytes(2'000'000)), 5ms), TimeoutError);
    }
    testing::run_ready(loop);
  }
}
