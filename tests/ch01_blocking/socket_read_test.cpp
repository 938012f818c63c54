// final: no, Socket is the chapter's own

#include <funnel/socket.h>

#include <doctest/doctest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include "support/background.h"
#include "support/faulty_calls.h"
#include "support/peer.h"
#include "support/readable.h"
#include "support/story.h"
#include "support/time_scale.h"

// Task 1.4. No test here sends through a Socket.

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

std::string read_until(Socket& socket, std::string_view delimiter, std::size_t max_bytes) {
  tell("yours", "read_until(" + shown(delimiter) + ", " + std::to_string(max_bytes) + ")");
  std::string read = socket.read_until(delimiter, max_bytes);
  tell("yours", "returns " + shown(read));
  return read;
}

/// Calls `read`, and returns the code of the StreamClosedError that it throws.
template <typename Read>
std::error_code closed_by(Read read) {
  try {
    const std::string bytes = read();
    tell("yours", "returns " + shown(bytes));
  } catch (const funnel::StreamClosedError& error) {
    tell("yours", std::string("throws StreamClosedError: ") + error.what());
    return error.code();
  }
  tell("expected", "StreamClosedError");
  return std::make_error_code(std::errc::state_not_recoverable);
}

const std::error_code orderly;

/// For a read that should not wait: one that does fails, and not only when the test is over.
void give_up_soon(Socket& socket) {
  socket.set_deadline(Clock::now() + test_support::time_limit(2s));
}

}  // namespace

TEST_CASE("a line is found however its bytes arrive") {
  const std::string line = "to be\ror not\r\r\n";
  for (std::size_t cut = 1; cut < line.size(); ++cut) {
    auto [fd, peer] = connected_pair();
    Socket socket(fd);
    peer.send(line);
    peer.end();
    FaultyCalls calls;
    calls.interrupt(Call::recv);
    calls.shorten(Call::recv, cut);
    calls.interrupt(Call::recv);
    REQUIRE(read_until(socket, "\r\n", 100) == line);
  }
  auto [fd, peer] = connected_pair();
  Socket socket(fd);
  tell("peer", "says no more than what is needed, and stays");
  peer.send("ababac, and");
  FaultyCalls calls;
  calls.shorten(Call::recv, 1, 6);
  CHECK(read_until(socket, "abac", 100) == "ababac");
  calls.shorten(Call::recv, 2);
  calls.interrupt(Call::recv);
  tell("yours", "read_bytes(5)");
  CHECK(socket.read_bytes(5) == ", and");
}

TEST_CASE("bytes after the delimiter stay buffered for the next read") {
  auto [fd, peer] = connected_pair();
  Socket first(fd);
  using namespace std::string_literals;
  peer.send("one\0\r\ntwo\r\n\r\n12345rest"s);
  peer.end();  // so that a read that wants more than it needs does not hang
  FaultyCalls calls;
  CHECK(read_until(first, "\r\n", 100) == "one\0\r\n"s);
  CHECK(read_until(first, "\r\n", 100) == "two\r\n");
  tell("yours", "the Socket moves (task 1.1); what it has kept moves with it");
  Socket second = std::move(first);
  CHECK(read_until(second, "\r\n", 100) == "\r\n");
  tell("yours", "read_bytes(0), then read_bytes(5), then read_some()");
  CHECK(second.read_bytes(0).empty());
  CHECK(second.read_bytes(5) == "12345");
  CHECK(second.read_some() == "rest");
  tell("expected", "all of that with one recv, since everything had come");
  CHECK(calls.count(Call::recv) == 1);
  tell("yours", "read_some() from the Socket that was moved from");
  CHECK(closed_by([&] { return first.read_some(); }) == std::errc::bad_file_descriptor);  // NOLINT

  auto [fd_of_third, talker] = connected_pair();
  Socket third(fd_of_third);
  talker.send("one\r\ntwo");
  CHECK(read_until(third, "\r\n", 100) == "one\r\n");
  tell("yours", "close(), then read_some()");
  tell("expected", "what was kept is gone with the connection that it came from");
  third.close();
  CHECK(closed_by([&] { return third.read_some(); }) == std::errc::bad_file_descriptor);
}

TEST_CASE("a read returns what is buffered or everything to the end") {
  {
    auto [fd, peer] = connected_pair();
    Socket socket(fd);
    give_up_soon(socket);
    peer.send("hello");
    tell("yours", "read_some()");
    tell("expected", "it returns at once, although the peer stays and may say more");
    CHECK(socket.read_some() == "hello");
  }
  auto [fd, peer] = connected_pair();
  Socket socket(fd);
  peer.send("ab|cd");
  FaultyCalls calls;
  calls.shorten(Call::recv, 4);
  CHECK(read_until(socket, "|", 100) == "ab|");
  peer.send("ef");
  peer.end();
  calls.shorten(Call::recv, 1, 3);
  tell("yours", "read_until_close(5)");
  CHECK(socket.read_until_close(5) == "cdef");
  tell("yours", "read_some()");
  tell("expected", "nothing: what was returned is not there any more");
  CHECK(socket.read_some().empty());
}

TEST_CASE("a line that exceeds the limit ends the connection") {
  {
    auto [fd, peer] = connected_pair();
    Socket socket(fd);
    peer.send("12345678\r\n12345678\r\n");
    tell("expected", "10 bytes are not more than 10");
    CHECK(read_until(socket, "\r\n", 10) == "12345678\r\n");
    tell("expected", "but they are more than 9, although the delimiter is there");
    CHECK_THROWS_AS(read_until(socket, "\r\n", 9), funnel::StreamBufferFullError);
    REQUIRE(peer.receive_all().empty());
  }
  {
    auto [fd, peer] = connected_pair();
    Socket socket(fd);
    tell("peer", "sends a million bytes, and no delimiter");
    Background sender("the peer", [&peer = peer] {
      const std::string block(10'000, 'x');
      try {
        for (int i = 0; i < 100; ++i) peer.raw().send(block);
        peer.raw().shutdown_write();
      } catch (const std::system_error&) {  // the connection is over, as it should be
      }
    });
    FaultyCalls calls;
    CHECK_THROWS_AS(read_until(socket, "\r\n", 1000), funnel::StreamBufferFullError);
    tell("expected", "it gives up after the first bytes");
    CHECK(calls.count(Call::recv) < 10);
    socket.close();
    sender.join();
  }
  {
    auto [fd, peer] = connected_pair();
    Socket socket(fd);
    peer.send("12345678\r\n1234567890");
    peer.end();
    CHECK(read_until(socket, "\r\n", 10) == "12345678\r\n");
    tell("expected", "10 bytes without a delimiter are too many already, whatever comes");
    CHECK_THROWS_AS(read_until(socket, "\r\n", 10), funnel::StreamBufferFullError);
  }
  {
    auto [fd, peer] = connected_pair();
    Socket socket(fd);
    peer.send("a line|12345678901");
    CHECK(read_until(socket, "|", 100) == "a line|");
    peer.end();
    tell("yours", "read_until_close(10), while 11 bytes are buffered and no more will come");
    tell("expected", "StreamBufferFullError: bytes that an earlier read has buffered count too");
    CHECK_THROWS_AS(socket.read_until_close(10), funnel::StreamBufferFullError);
  }
  auto [fd, peer] = connected_pair();
  Socket socket(fd);
  give_up_soon(socket);
  peer.send("12345678901");
  tell("yours", "read_until_close(10)");
  tell("expected", "it does not wait for more: 11 bytes are too many already");
  CHECK_THROWS_AS(socket.read_until_close(10), funnel::StreamBufferFullError);
  tell("expected", "the peer sees the end although the Socket lives");
  REQUIRE(peer.receive_all().empty());
}

TEST_CASE("the end of a stream is not data and a reset is not the end") {
  {
    auto [fd, peer] = connected_pair();
    Socket socket(fd);
    peer.send("half a li");
    peer.end();
    tell("expected", "an orderly end inside a line is StreamClosedError without a code");
    CHECK(closed_by([&s = socket] { return read_until(s, "\r\n", 100); }) == orderly);
    tell("yours", "read_bytes(10)");
    CHECK(closed_by([&s = socket] { return s.read_bytes(10); }) == orderly);
    tell("expected", "what came is not lost");
    CHECK(socket.read_bytes(5) == "half ");
    tell("yours", "read_some() twice, and read_until_close(10)");
    CHECK(socket.read_some() == "a li");
    CHECK(socket.read_some().empty());
    CHECK(socket.read_until_close(10).empty());
  }
  auto [fd, peer] = connected_pair();
  Socket socket(fd);
  peer.send("half a page");
  CHECK(read_until(socket, "half ", 100) == "half ");
  peer.reset();
  tell("expected", "a reset: nobody may take the half for the whole");
  tell("yours", "read_until_close(100)");
  CHECK(closed_by([&s = socket] { return s.read_until_close(100); }) ==
        std::errc::connection_reset);
}

TEST_CASE("a read ends at its deadline even if the peer sends a byte now and then") {
  auto [fd, peer] = connected_pair();
  Socket socket(fd);
  std::atomic<bool> over = false;
  Background sender("the peer", [&over, &peer = peer] {
    tell("peer", "sends a byte every 5 ms, for a second at most");
    for (int i = 0; i < 200 && !over; ++i) {
      peer.raw().send("x");
      std::this_thread::sleep_for(5ms);
    }
  });
  const auto begin = Clock::now();
  socket.set_deadline(begin + 60ms);
  tell("expected", "TimeoutError after 60 ms");
  CHECK_THROWS_AS(read_until(socket, "\r\n", 1000), funnel::TimeoutError);
  over = true;
  const auto took = Clock::now() - begin;
  CHECK(took >= 60ms);
  CHECK(took < test_support::time_limit(700ms));
  sender.join();

  tell("expected", "what came is not lost, and without a deadline the socket waits again");
  CHECK(socket.read_bytes(1) == "x");
  socket.set_deadline(std::nullopt);
  peer.send("\r\n");
  CHECK(read_until(socket, "\r\n", 1000).find("\r\n") != std::string::npos);

  peer.send("now|");
  CHECK(read_until(socket, "now", 1000) == "now");
  peer.send("later\r\n");
  socket.set_deadline(Clock::now());
  tell("yours", "reads with a deadline that is over");
  tell("expected", "what was received before, and nothing more, although it has come");
  CHECK(socket.read_some() == "|");
  CHECK_THROWS_AS(read_until(socket, "\r\n", 1000), funnel::TimeoutError);

  socket.set_deadline(Clock::now() + 10s);
  FaultyCalls calls;
  calls.fail(Call::recv, EAGAIN);
  tell("yours", "reads, and recv itself says that its time is over");
  tell("expected", "TimeoutError, as if limit_wait had noticed it");
  CHECK_THROWS_AS(read_until(socket, "\r\n", 1000), funnel::TimeoutError);

  calls.delay(Call::recv, 50ms, EINTR);
  socket.set_deadline(Clock::now() + 50ms);
  tell("yours", "reads with a deadline in 50 ms, interrupted by a signal after that");
  tell("expected", "TimeoutError: what is left of the time is to be asked again after a signal");
  CHECK_THROWS_AS(read_until(socket, "\r\n", 1000), funnel::TimeoutError);
}
