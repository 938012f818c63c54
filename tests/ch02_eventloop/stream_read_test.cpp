// final: no, its streams are awaited by coroutines

#include <funnel/callback_stream.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <system_error>
#include <utility>

#include "streams.h"
#include "support/faulty_calls.h"

// Task 2.5. No test here writes through a stream: that is for the next task.

using funnel::IOLoop;
using funnel::StreamError;
using funnel::testing::run_ready;
using streams::Connection;
using streams::Outcome;
using streams::read;
using streams::read_bytes;
using streams::read_until;
using test_support::FaultyCalls;
using test_support::tell;
using Call = FaultyCalls::Call;

TEST_CASE("a line is found however its bytes arrive") {
  IOLoop loop;
  Connection connection(loop);
  for (const std::size_t step : {1U, 2U, 3U, 7U}) {
    Outcome line;
    tell("yours", R"(read_until "\r\n")");
    connection.stream->read_until("\r\n", 1000, line.callback("read_until"));
    const std::string bytes = "\rhello\n\r\r\n";
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      CHECK(!line.is_there());
      connection.peer.send(bytes.substr(at, step));
      run_ready(loop);
    }
    REQUIRE(connection.turn_until([&] { return line.is_there(); }));
    REQUIRE(line.bytes == bytes);
  }
}

TEST_CASE("each read gets exactly what it asked for and the rest stays for the next") {
  IOLoop loop;
  Connection connection(loop);
  connection.peer.send("one\ntwo\n12345678");
  REQUIRE(read_until(connection, "\n").bytes == "one\n");
  REQUIRE(read_until(connection, "\n").bytes == "two\n");
  REQUIRE(read_bytes(connection, 3).bytes == "123");
  const Outcome some = read(connection, "read_bytes(100, partial)", [&](auto callback) {
    connection.stream->read_bytes(100, std::move(callback), true);
  });
  REQUIRE(some.bytes == "45678");

  Outcome ten;
  connection.stream->read_bytes(10, ten.callback("read_bytes(10)"));
  connection.peer.send("123456789");
  run_ready(loop);
  CHECK(!ten.is_there());
  connection.peer.send("0abc");
  REQUIRE(connection.turn_until([&] { return ten.is_there(); }));
  REQUIRE(ten.bytes == "1234567890");
  const Outcome two = read(connection, "read_bytes(2, partial)", [&](auto callback) {
    connection.stream->read_bytes(2, std::move(callback), true);
  });
  REQUIRE(two.bytes == "ab");
}

TEST_CASE("a line that exceeds its limit closes the stream") {
  IOLoop loop;
  {
    Connection connection(loop);
    connection.peer.send("1234567\n");
    tell("expected", "eight bytes, and the limit is eight: it fits");
    REQUIRE(read_until(connection, "\n", 8).bytes == "1234567\n");
    connection.peer.send("12345678\n");
    tell("expected", "nine bytes are too many, even if all of them are there");
    const Outcome line = read_until(connection, "\n", 8);
    REQUIRE(line.error == make_error_code(std::errc::no_buffer_space));
    REQUIRE(connection.stream->closed());
    CHECK(connection.peer.receive_all().empty());
  }
  Connection connection(loop);
  connection.peer.send("12345678");
  tell("expected", "eight bytes without the delimiter, which cannot fit any more");
  REQUIRE(read_until(connection, "\n", 8).error == make_error_code(std::errc::no_buffer_space));
  REQUIRE(connection.stream->closed());
}

TEST_CASE("at the peer's end reads get what is left and then the end") {
  IOLoop loop;
  Connection connection(loop);
  connection.peer.send("last line\nhalf a li");
  connection.peer.end();
  REQUIRE(read_until(connection, "\n").bytes == "last line\n");
  const Outcome half = read_until(connection, "\n");
  REQUIRE(half.error == make_error_code(StreamError::end_of_stream));
  tell("expected", "the end closes nothing, and what was buffered can still be read");
  REQUIRE(!connection.stream->closed());
  REQUIRE(read_bytes(connection, 4).bytes == "half");
  const Outcome rest = read(connection, "read_until_close", [&](auto callback) {
    connection.stream->read_until_close(std::move(callback));
  });
  REQUIRE(rest.bytes == " a li");
  REQUIRE(read_bytes(connection, 1).error == make_error_code(StreamError::end_of_stream));
}

TEST_CASE("a reset closes the stream and is not the end") {
  IOLoop loop;
  Connection connection(loop);
  Outcome line;
  std::error_code closed_with;
  connection.stream->set_close_callback([&](std::error_code error) { closed_with = error; });
  connection.stream->read_until("\n", 1000, line.callback("read_until"));
  run_ready(loop);
  connection.peer.reset();
  REQUIRE(connection.turn_until([&] { return line.is_there(); }));
  REQUIRE(line.error == make_error_code(std::errc::connection_reset));
  REQUIRE(connection.stream->closed());
  tell("expected", "the close callback gets the reason");
  REQUIRE(connection.turn_until([&] { return closed_with != std::error_code(); }));
  REQUIRE(closed_with == make_error_code(std::errc::connection_reset));
}

TEST_CASE("a signal or a false alarm is neither an error nor the end") {
  IOLoop loop;
  Connection connection(loop);
  Outcome line;
  connection.stream->read_until("\n", 1000, line.callback("read_until"));
  {
    FaultyCalls calls;
    calls.interrupt(Call::recv);
    calls.fail(Call::recv, EAGAIN);
    connection.peer.send("hello\n");
    REQUIRE(connection.turn_until([&] { return line.is_there(); }));
  }
  CHECK(line.error == std::error_code());
  REQUIRE(line.bytes == "hello\n");
}

TEST_CASE("a peer that sends a lot does not keep the others waiting") {
  IOLoop loop;
  Connection flood(loop);
  Connection quiet(loop);
  std::string order;
  constexpr std::size_t much = 400'000;
  flood.stream->read_bytes(much, [&](const auto&) { order += "flood "; });
  quiet.stream->read_until("\n", 100, [&](const auto&) { order += "line "; });
  tell("flood", "sends 400,000 bytes");
  {
    // As much as the kernel takes without anybody reading is there before the loop turns.
    test_support::Background sender("the flood",
                                    [&] { flood.peer.raw().send(std::string(much, 'x')); });
    test_support::eventually([&] { return sender.has_ended(); });
    quiet.peer.send("hello\n");
    flood.turn_until([&] { return order.size() >= 11; });
  }
  tell("expected", "the line is called back first: a turn receives once from each connection");
  REQUIRE(order == "line flood ");
}
