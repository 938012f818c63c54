// final: no, Socket is the chapter's own

#include <funnel/socket.h>

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>
#include <system_error>
#include <thread>

#include "support/background.h"
#include "support/faulty_calls.h"
#include "support/peer.h"
#include "support/readable.h"
#include "support/story.h"

// Task 1.3. No test here reads through a Socket: that is for the next task.

using funnel::Socket;
using namespace std::chrono_literals;
using test_support::Background;
using test_support::connected_pair;
using test_support::FaultyCalls;
using test_support::shown;
using test_support::tell;
using Call = FaultyCalls::Call;
using Clock = std::chrono::steady_clock;

namespace {

/// Notices SIGPIPE instead of dying of it.
class SigpipeWatch {
 public:
  SigpipeWatch() {
    came = false;
    struct sigaction watch {};
    watch.sa_handler = [](int) { came = true; };
    ::sigaction(SIGPIPE, &watch, &before_);
  }
  SigpipeWatch(const SigpipeWatch&) = delete;
  SigpipeWatch& operator=(const SigpipeWatch&) = delete;
  ~SigpipeWatch() { ::sigaction(SIGPIPE, &before_, nullptr); }

  static inline volatile std::sig_atomic_t came = false;

 private:
  struct sigaction before_ {};
};

void shrink_buffers(int fd) {
  const int size = 4096;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

}  // namespace

TEST_CASE("everything is sent although send takes a little at a time and signals come") {
  const std::string message = "GET / HTTP/1.1\r\n\r\n";
  auto [fd, peer] = connected_pair();
  int sends = 0;
  {
    Socket socket(fd);
    FaultyCalls calls;
    calls.interrupt(Call::send);
    calls.shorten(Call::send, 3);
    calls.interrupt(Call::send, 2);
    calls.shorten(Call::send, 1);
    tell("yours", "write_all(" + shown(message) + ")");
    socket.write_all(message);
    tell("yours", "write_all(\"\")");
    socket.write_all("");
    sends = calls.count(Call::send);
  }
  tell("expected", "the peer receives all of it once, in order");
  REQUIRE(peer.receive_all() == message);
  tell("expected", "three calls end with a signal and three take bytes; no bytes need no call");
  CHECK(sends == 6);
}

TEST_CASE("a message larger than all buffers is sent while the peer reads it") {
  auto [fd, peer] = connected_pair();
  Socket socket(fd);
  shrink_buffers(socket.fd());
  std::string message(300'000, '\0');
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<char>(i % 251);
  std::string received;
  Background reader("the peer", [&received, &peer = peer] { received = peer.receive_all(); });
  tell("yours", "write_all of 300000 bytes");
  socket.write_all(message);
  socket.close();
  reader.join();
  tell("expected", "the peer receives 300000 bytes in order");
  CHECK(received.size() == message.size());
  CHECK((received == message));
}

TEST_CASE("writing after the peer has left is an error and not a signal") {
  auto [fd, peer] = connected_pair();
  Socket socket(fd);
  peer.reset();
  const SigpipeWatch sigpipe;
  tell("expected", "StreamClosedError, and no SIGPIPE, which ends a process that is not prepared");
  // The first may be told ECONNRESET; from then on, a write is EPIPE.
  for (int i = 0; i < 2; ++i) {
    tell("yours", "write_all(\"hello\")");
    CHECK_THROWS_AS(socket.write_all("hello"), funnel::StreamClosedError);
  }
  CHECK(!SigpipeWatch::came);
  std::error_code reason;
  try {
    socket.write_all("hello");
  } catch (const funnel::StreamClosedError& error) {
    reason = error.code();
  }
  CHECK(reason == std::errc::broken_pipe);
}

TEST_CASE("a write ends at its deadline even if the peer takes a few bytes now and then") {
  auto [fd, peer] = connected_pair();
  Socket socket(fd);
  shrink_buffers(socket.fd());
  const std::string message(8'000'000, 'x');
  std::atomic<bool> over = false;
  Background reader("the peer", [&over, &peer = peer] {
    tell("peer", "takes a few bytes every millisecond");
    while (!over) {
      static_cast<void>(peer.raw().receive(10'000));
      std::this_thread::sleep_for(1ms);
    }
  });
  const auto begin = Clock::now();
  socket.set_deadline(begin + 60ms);
  tell("yours", "write_all of 8000000 bytes, with a deadline in 60 ms");
  CHECK_THROWS_AS(socket.write_all(message), funnel::TimeoutError);
  over = true;
  const auto took = Clock::now() - begin;
  tell("expected", "TimeoutError after 60 ms");
  CHECK(took >= 60ms);
  CHECK(took < test_support::time_limit(700ms));
  socket.close();
  reader.join();

  const auto pair = connected_pair();
  Socket late(pair.first);
  late.set_deadline(Clock::now());
  tell("yours", "write_all(\"x\") with a deadline that is over");
  CHECK_THROWS_AS(late.write_all("x"), funnel::TimeoutError);
  tell("yours", "write_all(\"\"), and again on a Socket that is not open");
  tell("expected", "nothing: without bytes there is nothing to send or to wait for");
  CHECK_NOTHROW(late.write_all(""));
  CHECK_NOTHROW(Socket().write_all(""));
  late.set_deadline(Clock::now() + 10s);
  FaultyCalls calls;
  calls.fail(Call::send, EAGAIN);
  tell("yours", "write_all(\"x\"), and send itself says that its time is over");
  tell("expected", "TimeoutError, as if limit_wait had noticed it");
  CHECK_THROWS_AS(late.write_all("x"), funnel::TimeoutError);

  calls.delay(Call::send, 50ms, EINTR);
  late.set_deadline(Clock::now() + 50ms);
  tell("yours", "write_all(\"x\") with a deadline in 50 ms, interrupted by a signal after that");
  tell("expected", "TimeoutError: what is left of the time is to be asked again after a signal");
  CHECK_THROWS_AS(late.write_all("x"), funnel::TimeoutError);
}
