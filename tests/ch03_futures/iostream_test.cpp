// final: no, its streams are awaited by coroutines

#include <funnel/error.h>
#include <funnel/future.h>
#include <funnel/iostream.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "support/background.h"
#include "support/peer.h"
#include "support/readable.h"
#include "support/story.h"

// Task 3.4.

using funnel::Future;
using funnel::IOLoop;
using funnel::IOStream;
using funnel::StreamBufferFullError;
using funnel::StreamClosedError;
using funnel::TimeoutError;
using funnel::testing::LogCapture;
using funnel::testing::ManualClock;
using funnel::testing::run_ready;
using namespace std::chrono_literals;
using test_support::Peer;
using test_support::tell;

namespace {

/// A stream, and the peer at the other end of its connection.
class Connection {
 public:
  explicit Connection(IOLoop& loop) : Connection(loop, test_support::connected_pair()) {}

  bool turn_until(const std::function<bool()>& condition) {
    return test_support::eventually([&] {
      run_ready(loop_);
      return condition();
    });
  }
  /// Turns the loop until the future is done, two seconds at most.
  template <typename T>
  bool wait(const Future<T>& future) {
    const bool in_time = turn_until([&] { return future.done(); });
    if (!in_time) tell("yours", "the future is not done within 2 s");
    return in_time;
  }

  std::optional<IOStream> stream;
  Peer peer;

 private:
  Connection(IOLoop& loop, std::pair<int, Peer> ends)
      : stream(std::in_place, funnel::Socket(ends.first)),
        peer(std::move(ends.second)),
        loop_(loop) {}

  IOLoop& loop_;
};

/// Returns what a future failed with: the name of the exception, and its code's sentence.
template <typename T>
std::string failure_of(const Future<T>& future) {
  std::string failure = "no exception";
  try {
    future.result();
  } catch (const StreamBufferFullError&) {
    failure = "StreamBufferFullError";
  } catch (const StreamClosedError& error) {
    failure = "StreamClosedError" + (error.code() ? ": " + error.code().message() : "");
  } catch (const std::exception& error) {
    failure = std::string("another exception: ") + error.what();
  }
  tell("yours", "the future fails with " + failure);
  return failure;
}

}  // namespace

TEST_CASE("reads return futures of what they read") {
  IOLoop loop;
  Connection connection(loop);
  const Future<std::string> line = connection.stream->read_until("\n", 100);
  run_ready(loop);
  CHECK(!line.done());
  connection.peer.send("hello\n12345rest");
  REQUIRE(connection.wait(line));
  REQUIRE(line.result() == "hello\n");
  const Future<std::string> bytes = connection.stream->read_bytes(5);
  REQUIRE(connection.wait(bytes));
  REQUIRE(bytes.result() == "12345");
  const Future<std::string> some = connection.stream->read_bytes(100, true);
  REQUIRE(connection.wait(some));
  REQUIRE(some.result() == "rest");
  const Future<std::string> all = connection.stream->read_until_close();
  connection.peer.send("the end");
  connection.peer.end();
  REQUIRE(connection.wait(all));
  REQUIRE(all.result() == "the end");
}

TEST_CASE("a write returns a future that is done when the program may write on") {
  IOLoop loop;
  Connection connection(loop);
  const Future<> small = connection.stream->write("hello ");
  REQUIRE(connection.wait(small));
  const Future<> large = connection.stream->write(std::string(5'000'000, 'x'));
  run_ready(loop);
  tell("expected", "the peer does not read, so the large one is not done");
  REQUIRE(!large.done());
  std::string received;
  test_support::Background reader("the peer",
                                  [&] { received = connection.peer.receive(5'000'006); });
  REQUIRE(connection.wait(large));
  CHECK_NOTHROW(large.result());
  connection.turn_until([&] { return reader.has_ended(); });
  reader.join();
  CHECK(received.starts_with("hello xxx"));
}

TEST_CASE("reads fail with the reason why the stream is closed") {
  IOLoop loop;
  {
    Connection connection(loop);
    const Future<std::string> line = connection.stream->read_until("\n", 100);
    connection.peer.end();
    REQUIRE(connection.wait(line));
    tell("expected", "an orderly end has no code");
    REQUIRE(failure_of(line) == "StreamClosedError");
  }
  {
    Connection connection(loop);
    const Future<std::string> line = connection.stream->read_until("\n", 100);
    run_ready(loop);
    connection.peer.reset();
    REQUIRE(connection.wait(line));
    const auto reset = std::make_error_code(std::errc::connection_reset);
    REQUIRE(failure_of(line) == "StreamClosedError: " + reset.message());
  }
  Connection connection(loop);
  connection.peer.send("0123456789");
  const Future<std::string> line = connection.stream->read_until("\n", 5);
  REQUIRE(connection.wait(line));
  REQUIRE(failure_of(line) == "StreamBufferFullError");
}

TEST_CASE("closing a stream fails everything that waits") {
  const LogCapture log;
  IOLoop loop;
  Connection connection(loop);
  const Future<std::string> line = connection.stream->read_until("\n", 100);
  const Future<> first = connection.stream->write(std::string(5'000'000, 'x'));
  const Future<> second = connection.stream->write("more");
  run_ready(loop);
  tell("yours", "close()");
  connection.stream->close();
  CHECK(connection.stream->closed());
  REQUIRE(connection.wait(line));
  CHECK(first.done());
  CHECK(second.done());
  REQUIRE(failure_of(line) == "StreamClosedError");
  REQUIRE(failure_of(first) == "StreamClosedError");
  REQUIRE(failure_of(second) == "StreamClosedError");

  Connection other(loop);
  const Future<std::string> bytes = other.stream->read_bytes(1);
  run_ready(loop);
  tell("yours", "a stream is destroyed while a read waits");
  other.stream.reset();
  REQUIRE(other.wait(bytes));
  REQUIRE(failure_of(bytes) == "StreamClosedError");
  CHECK(other.peer.receive_all().empty());
}

TEST_CASE("a read whose future was dropped is withdrawn and its bytes stay") {
  ManualClock clock;
  IOLoop loop(clock);
  Connection connection(loop);
  {
    const Future<std::string> late =
        funnel::with_timeout(1s, connection.stream->read_until("\n", 100));
    connection.peer.send("half a li");
    connection.turn_until([&] { return connection.stream->buffered().size() == 9; });
    clock.advance(1s);
    run_ready(loop);
    REQUIRE(late.done());
    CHECK_THROWS_AS(late.result(), TimeoutError);
  }
  tell("expected", "the stream is free for the next read, which gets what had come");
  connection.peer.send("ne\nnext\n");
  const Future<std::string> line = connection.stream->read_until("\n", 100);
  REQUIRE(connection.wait(line));
  REQUIRE(line.result() == "half a line\n");

  tell("yours", "a read whose bytes are there, and whose future is dropped at once");
  connection.stream->read_until("\n", 100);
  const Future<std::string> again = connection.stream->read_until("\n", 100);
  REQUIRE(connection.wait(again));
  REQUIRE(again.result() == "next\n");
}

TEST_CASE("a read with a callback goes on although its future is dropped") {
  IOLoop loop;
  Connection connection(loop);
  std::string got;
  connection.stream->read_until("\n", 100).add_done_callback(
      [&](const Future<std::string>& line) { got = line.result(); });
  connection.peer.send("hello\n");
  REQUIRE(connection.turn_until([&] { return !got.empty(); }));
  REQUIRE(got == "hello\n");
}
