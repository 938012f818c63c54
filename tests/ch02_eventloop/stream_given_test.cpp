// final: no, its streams are awaited by coroutines

#include <funnel/callback_stream.h>

#include <doctest/doctest.h>

#include <fcntl.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "last_words.h"
#include "streams.h"
#include "support/raw_socket.h"

// Given code: what reads and writes have in common, and the seams for later chapters.

using funnel::CallbackStream;
using funnel::IOLoop;
using funnel::StreamError;
using funnel::StreamOptions;
using funnel::testing::run_ready;
using streams::Connection;
using streams::Outcome;
using streams::read_bytes;
using streams::read_until;

TEST_CASE("a read calls back in a later turn even if its bytes are there") {
  IOLoop loop;
  Connection connection(loop);
  connection.peer.send("one\ntwo\n");
  REQUIRE(read_until(connection, "\n").bytes == "one\n");
  Outcome second;
  connection.stream->read_until("\n", 100, second.callback("read_until"));
  CHECK(!second.is_there());
  run_ready(loop);
  CHECK(second.bytes == "two\n");
}

TEST_CASE("a read that is withdrawn leaves its bytes to the next") {
  IOLoop loop;
  Connection connection(loop);
  Outcome withdrawn;
  connection.stream->read_bytes(100, withdrawn.callback("read_bytes"));
  connection.peer.send("hello\n");
  connection.turn_until([&] { return connection.stream->buffered() == "hello\n"; });
  connection.stream->cancel_read();
  CHECK(read_until(connection, "\n").bytes == "hello\n");
  CHECK(!withdrawn.is_there());
}

TEST_CASE("a read may be withdrawn when its callback is on its way") {
  IOLoop loop;
  Connection connection(loop);
  connection.peer.send("one\ntwo\n");
  REQUIRE(read_until(connection, "\n").bytes == "one\n");
  Outcome withdrawn;
  connection.stream->read_until("\n", 100, withdrawn.callback("read_until"));  // is there
  connection.stream->cancel_read();
  CHECK(read_until(connection, "\n").bytes == "two\n");
  run_ready(loop);
  CHECK(!withdrawn.is_there());
}

TEST_CASE("a second read while one waits is a broken contract") {
  const std::string words = loops::last_words([] {
    IOLoop loop;
    Connection connection(loop);
    connection.stream->read_bytes(1, [](const auto&) {});
    connection.stream->read_bytes(1, [](const auto&) {});
  });
  CHECK(words.find("a second read was started on a stream while one waits") != std::string::npos);
}

TEST_CASE("a stream may be destroyed inside each of its callbacks") {
  IOLoop loop;
  int calls = 0;
  {
    Connection connection(loop);
    connection.stream->set_close_callback([&](std::error_code) { calls += 100; });
    connection.stream->write("x", [&](std::error_code) { ++calls; });
    connection.stream->read_until("\n", 100, [&](const auto&) {
      ++calls;
      connection.stream.reset();
    });
    connection.peer.send("hello\n");
    CHECK(connection.turn_until([&] { return !connection.stream; }));
    CHECK(connection.peer.receive_all() == "x");
  }
  {
    Connection connection(loop);
    connection.stream->write("x", [&](std::error_code) {
      ++calls;
      connection.stream.reset();
    });
    connection.stream->write("y", [&](std::error_code) { calls += 100; });
    run_ready(loop);
  }
  {
    Connection connection(loop);
    connection.stream->set_close_callback([&](std::error_code error) {
      CHECK(error == make_error_code(StreamError::closed));
      ++calls;
      connection.stream.reset();
    });
    connection.stream->read_bytes(1, [](const auto&) {});
    connection.stream->close();
    run_ready(loop);
  }
  CHECK(calls == 4);
  CHECK(!loop.has_work());
}

TEST_CASE("a loop that is destroyed drops the streams that wait on it") {
  const int before = test_support::open_descriptors();
  auto held = std::make_shared<int>(0);
  {
    IOLoop loop;
    Connection reader(loop);
    Connection writer(loop);
    // Each callback holds its stream, as a session does that nobody else holds.
    reader.stream->read_bytes(1, [held, stream = reader.stream](const auto&) {});
    const std::string much(5'000'000, 'x');
    writer.stream->write(much, [held, stream = writer.stream](std::error_code) {});
    reader.stream.reset();
    writer.stream.reset();
    run_ready(loop);
    CHECK(held.use_count() == 3);
    // One whose callback is on its way: the bytes are there, and the loop is stopped before.
    Connection late(loop);
    late.peer.send("xy");
    REQUIRE(read_bytes(late, 1).bytes == "x");
    late.stream->read_bytes(1, [held, stream = late.stream](const auto&) {});
    late.stream.reset();
  }
  CHECK(held.use_count() == 1);
  CHECK(test_support::open_descriptors() == before);
}

TEST_CASE("a stream that outlives its loop is closed") {
  Outcome line;
  bool told = false;
  std::optional<Connection> connection;
  {
    IOLoop loop;
    connection.emplace(loop);
    CHECK(!connection->stream->closed());
  }
  CHECK(connection->stream->closed());
  connection->stream->set_close_callback([&](std::error_code) { told = true; });
  connection->stream->read_bytes(1, line.callback("read_bytes"));
  connection->stream->write("x", [&](std::error_code) { told = true; });
  connection->stream->close_write();
  connection->stream->close();
  CHECK(!told);
}

TEST_CASE("what had come can be read after a stream was closed") {
  IOLoop loop;
  Connection connection(loop);
  connection.peer.send("one\ntwo\n");
  REQUIRE(read_until(connection, "\n").bytes == "one\n");
  connection.stream->close();
  CHECK(read_until(connection, "\n").bytes == "two\n");
  CHECK(read_until(connection, "\n").error == make_error_code(StreamError::closed));
}

TEST_CASE("a stream that the loop cannot watch tells so by its code") {
  IOLoop loop;
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  const auto stream = CallbackStream::create(funnel::Socket(file));
  std::error_code error;
  // The kernel's recv would say ENOTSOCK; but the loop refuses to watch a file before.
  stream->read_bytes(1, [&](const auto& bytes) { error = bytes.error(); });
  run_ready(loop);
  CHECK(error == make_error_code(std::errc::operation_not_permitted));
  CHECK(stream->closed());
}

TEST_CASE("nothing is called after a stream was destroyed") {
  IOLoop loop;
  int calls = 0;
  {
    Connection connection(loop);
    connection.peer.send("hello\n");
    REQUIRE(read_bytes(connection, 1).bytes == "h");
    connection.stream->read_bytes(2, [&](const auto&) { ++calls; });  // is there already
    connection.stream->write("x", [&](std::error_code) { ++calls; });
    connection.stream->set_close_callback([&](std::error_code) { ++calls; });
  }
  run_ready(loop);
  CHECK(calls == 0);
  CHECK(!loop.has_work());
}

TEST_CASE("closing tells everything that waits and is harmless twice") {
  IOLoop loop;
  Connection connection(loop);
  Outcome line;
  std::string errors;
  connection.stream->read_until("\n", 100, line.callback("read_until"));
  connection.stream->write(std::string(5'000'000, 'x'),
                           [&](std::error_code error) { errors += error.message(); });
  connection.stream->close();
  connection.stream->close();
  CHECK(connection.stream->closed());
  CHECK(connection.stream->fd() == -1);
  run_ready(loop);
  CHECK(line.error == make_error_code(StreamError::closed));
  CHECK(errors == "The stream was closed on this side.");
  CHECK(read_bytes(connection, 1).error == make_error_code(StreamError::closed));
  bool told = false;
  connection.stream->set_close_callback([&](std::error_code) { told = true; });
  run_ready(loop);
  CHECK(told);
}

TEST_CASE("a hundred thousand buffered lines take no stack") {
  IOLoop loop;
  Connection connection(loop);
  constexpr int lines = 100'000;
  int count = 0;
  std::function<void()> next = [&] {
    connection.stream->read_until("\n", 100, [&](const funnel::Result<std::string>& line) {
      if (!line) return;
      if (++count < lines) next();
    });
  };
  next();
  std::string text;
  for (int i = 0; i < lines; ++i) text += "x\n";
  test_support::Background sender("the peer", [&] { connection.peer.raw().send(text); });
  CHECK(connection.turn_until([&] { return count == lines; }));
}

TEST_CASE("nothing is received while nobody asks") {
  IOLoop loop;
  Connection connection(loop);
  connection.peer.send("1234567890");
  run_ready(loop);
  CHECK(connection.stream->buffered().empty());
  CHECK(read_bytes(connection, 1).bytes == "1");
  run_ready(loop);
  const std::size_t had = connection.stream->buffered().size();
  connection.peer.send("more");
  run_ready(loop);
  CHECK(connection.stream->buffered().size() == had);
  CHECK(!loop.has_work());  // the descriptor is not even watched
}

TEST_CASE("a parser fills and looks and consumes") {
  IOLoop loop;
  Connection connection(loop);
  std::error_code error;
  int calls = 0;
  const auto fill = [&] {
    connection.stream->fill([&](std::error_code code) {
      error = code;
      ++calls;
    });
  };
  fill();
  run_ready(loop);
  CHECK(calls == 0);
  connection.peer.send("abc");
  CHECK(connection.turn_until([&] { return calls == 1; }));
  CHECK(connection.stream->buffered() == "abc");
  connection.stream->consume(1);
  CHECK(connection.stream->buffered() == "bc");
  fill();
  run_ready(loop);
  CHECK(calls == 1);  // two bytes are there, but no more than before
  connection.peer.send("d");
  CHECK(connection.turn_until([&] { return calls == 2; }));
  CHECK(connection.stream->buffered() == "bcd");
  fill();
  connection.peer.end();
  CHECK(connection.turn_until([&] { return calls == 3; }));
  CHECK(error == make_error_code(StreamError::end_of_stream));
  CHECK(connection.stream->buffered() == "bcd");
}

TEST_CASE("one side may end while the other goes on") {
  IOLoop loop;
  Connection connection(loop);
  const std::string much(3'000'000, 'x');
  std::string received;
  test_support::Background peer("the peer", [&] {
    received = connection.peer.receive_all();
    connection.peer.send("thanks\n");
  });
  connection.stream->write(much);
  bool all_sent = false;
  connection.stream->close_write([&](std::error_code error) {
    CHECK(!error);
    all_sent = true;
    CHECK(connection.stream->queued() == 0);
  });
  std::error_code too_late;
  connection.stream->write("more", [&](std::error_code error) { too_late = error; });
  CHECK(read_until(connection, "\n").bytes == "thanks\n");
  peer.join();
  CHECK(received.size() == much.size());
  CHECK(all_sent);
  CHECK(too_late == make_error_code(std::errc::broken_pipe));
  CHECK(!connection.stream->closed());
}

TEST_CASE("what a read may buffer is limited") {
  IOLoop loop;
  StreamOptions options;
  options.max_buffer_size = 100'000;
  {
    Connection connection(loop, options);
    Outcome all;
    connection.stream->read_until_close(all.callback("read_until_close"));
    connection.peer.send(std::string(100'001, 'x'));
    CHECK(connection.turn_until([&] { return all.is_there(); }));
    CHECK(all.error == make_error_code(std::errc::no_buffer_space));
  }
  Connection connection(loop, options);
  CHECK(read_bytes(connection, 100'001).error == make_error_code(std::errc::no_buffer_space));
}
