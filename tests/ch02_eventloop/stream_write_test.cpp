// final: no, its streams are awaited by coroutines

#include <funnel/callback_stream.h>

#include <doctest/doctest.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include "streams.h"
#include "support/faulty_calls.h"

// Task 2.6.

using funnel::CallbackStream;
using funnel::IOLoop;
using funnel::StreamOptions;
using funnel::testing::run_ready;
using streams::Connection;
using test_support::Background;
using test_support::FaultyCalls;
using test_support::tell;
using Call = FaultyCalls::Call;

namespace {

/// Makes the kernel's buffer for what was sent and not received as small as it can be.
void keep_buffer_small(const Connection& connection) {
  const int size = 4096;
  ::setsockopt(connection.stream->fd(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

std::string numbered(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i) + " ";
  text.resize(bytes);
  return text;
}

}  // namespace

TEST_CASE("everything arrives in order however little the kernel takes at a time") {
  IOLoop loop;
  Connection connection(loop);
  keep_buffer_small(connection);
  const std::string text = numbered(300'000);
  FaultyCalls calls;
  calls.shorten(Call::send, 1, 3);
  calls.interrupt(Call::send);
  calls.fail(Call::send, EAGAIN);
  std::string received;
  tell("yours", "write: 300,000 bytes, in 100 pieces");
  Background reader("the peer", [&] { received = connection.peer.receive(text.size()); });
  for (std::size_t at = 0; at < text.size(); at += 3000) {
    connection.stream->write(text.substr(at, 3000));
  }
  CHECK(connection.turn_until([&] { return reader.has_ended(); }));
  reader.join();
  REQUIRE(received.size() == text.size());
  tell("expected", "the peer has received the same bytes");
  REQUIRE((received == text));
  CHECK(connection.stream->queued() == 0);
}

TEST_CASE("done is called when the queue is at the low watermark again") {
  IOLoop loop;
  Connection connection(loop);
  FaultyCalls calls;
  calls.fail(Call::send, EAGAIN);  // the first write has to wait as a whole
  std::size_t queued_at_done = 0;
  int done = 0;
  tell("yours", "write: 200,000 bytes, then four times a few");
  connection.stream->write(std::string(200'000, 'x'), [&](std::error_code error) {
    CHECK(!error);
    ++done;
    queued_at_done = connection.stream->queued();
    tell("yours", "done is called while " + std::to_string(queued_at_done) + " bytes wait");
  });
  for (int i = 0; i < 4; ++i) {
    connection.stream->write("more", [&](std::error_code) { ++done; });
  }
  CHECK(done == 0);
  calls.shorten(Call::send, 1000, 1000);  // from now on, the kernel takes a little at a time
  CHECK(connection.turn_until([&] { return connection.stream->queued() == 0; }));
  tell("expected", "all five are called, the first one when 32 KiB or less wait, not at the end");
  REQUIRE(done == 5);
  REQUIRE(queued_at_done <= CallbackStream::low_watermark);
  CHECK(queued_at_done > 0);
}

TEST_CASE("each done is called in order and never inside the write") {
  IOLoop loop;
  Connection connection(loop);
  std::string order;
  tell("yours", "write: three times a few bytes");
  for (const char* name : {"one ", "two ", "three "}) {
    connection.stream->write(name, [&order, name](std::error_code error) {
      CHECK(error == std::error_code());
      order += name;
    });
  }
  REQUIRE(order.empty());
  REQUIRE(connection.turn_until([&] { return order.size() >= 14; }));
  REQUIRE(order == "one two three ");
  CHECK(connection.peer.receive(14) == "one two three ");
}

TEST_CASE("a program that waits for done keeps little in memory however slow the peer") {
  IOLoop loop;
  Connection connection(loop);
  keep_buffer_small(connection);
  constexpr std::size_t total = 2'000'000;
  const std::string block(10'000, 'x');
  std::size_t written = 0;
  std::size_t most = 0;
  std::function<void(std::error_code)> more = [&](std::error_code error) {
    most = std::max(most, connection.stream->queued());
    if (error || written == total) return;
    written += block.size();
    connection.stream->write(block, more);
  };
  tell("yours", "writes 10,000 bytes and, in each done, 10,000 more, up to 2,000,000");
  more({});
  for (int i = 0; i < 20; ++i) run_ready(loop);
  tell("expected", "the peer reads nothing, so the program is not called any more");
  CHECK(written < total / 2);
  std::string received;
  Background reader("the peer", [&] { received = connection.peer.receive(total); });
  CHECK(connection.turn_until([&] { return reader.has_ended(); }));
  reader.join();
  CHECK(received.size() == total);
  tell("yours", "had " + std::to_string(most) + " bytes in its queue, at most");
  REQUIRE(most <= CallbackStream::high_watermark + block.size());
}

TEST_CASE("a queue above its limit closes the stream") {
  IOLoop loop;
  StreamOptions options;
  options.max_write_buffer_size = 500'000;
  Connection connection(loop, options);
  keep_buffer_small(connection);
  std::error_code first;
  std::error_code second;
  connection.stream->write(std::string(400'000, 'x'),
                           [&](std::error_code error) { first = error; });
  run_ready(loop);
  CHECK(!connection.stream->closed());
  tell("yours", "write: 400,000 bytes, twice; no more than 500,000 may wait");
  connection.stream->write(std::string(400'000, 'x'),
                           [&](std::error_code error) { second = error; });
  run_ready(loop);
  REQUIRE(connection.stream->closed());
  tell("expected", "both writes are told why");
  CHECK(first == make_error_code(std::errc::no_buffer_space));
  CHECK(second == make_error_code(std::errc::no_buffer_space));
  CHECK(connection.stream->queued() == 0);
}

TEST_CASE("a peer that has left is an error for all that waits and no signal") {
  IOLoop loop;
  Connection connection(loop);
  keep_buffer_small(connection);
  std::string errors;
  const auto note = [&](std::error_code error) { errors += error.message() + ", "; };
  connection.stream->write(std::string(300'000, 'x'), note);
  connection.stream->write("more", note);
  run_ready(loop);
  CHECK(errors.empty());
  connection.peer.reset();
  CHECK(connection.turn_until([&] { return connection.stream->closed() && !errors.empty(); }));
  const std::string reset = std::make_error_code(std::errc::connection_reset).message() + ", ";
  REQUIRE(errors == reset + reset);
  errors.clear();
  tell("yours", "write, once it is closed");
  connection.stream->write("too late", note);
  run_ready(loop);
  REQUIRE(errors == reset);

  Connection second(loop);
  second.peer.close();
  tell("yours", "write again and again, to a peer that has closed");
  for (int i = 0; i < 100 && !second.stream->closed(); ++i) {
    second.stream->write("hello");
    run_ready(loop);
  }
  tell("expected", "the stream closes, and the process lives");
  REQUIRE(test_support::eventually([&] {
    second.stream->write("hello");
    run_ready(loop);
    return second.stream->closed();
  }));
}
