// final: no, its streams are awaited by coroutines

#include <funnel/error.h>
#include <funnel/iostream.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "support/background.h"
#include "support/peer.h"
#include "support/raw_socket.h"
#include "support/readable.h"

// Given code: connecting, moving, and what a parser needs.

using funnel::Future;
using funnel::IOLoop;
using funnel::IOStream;
using funnel::testing::run_ready;
using test_support::eventually;
using test_support::Peer;
using test_support::RawSocket;

namespace {

template <typename T>
bool wait(IOLoop& loop, const Future<T>& future) {
  return eventually([&] {
    run_ready(loop);
    return future.done();
  });
}

}  // namespace

TEST_CASE("connecting returns a future of a stream") {
  IOLoop loop;
  const RawSocket listener = RawSocket::listen_anywhere();
  const Future<IOStream> connected = IOStream::connect("127.0.0.1", listener.port());
  REQUIRE(wait(loop, connected));
  IOStream stream = std::move(connected.result());
  stream.write("hello");
  CHECK(listener.accept().receive() == "hello");

  const Future<IOStream> refused = IOStream::connect("127.0.0.1", test_support::refused_port());
  REQUIRE(wait(loop, refused));
  CHECK_THROWS_AS(refused.result(), funnel::StreamClosedError);
  CHECK_THROWS_AS(IOStream::connect("localhost", 80), std::invalid_argument);
}

TEST_CASE("a stream may be moved while a read waits") {
  IOLoop loop;
  auto ends = test_support::connected_pair();
  IOStream stream{funnel::Socket(ends.first)};
  const Future<std::string> line = stream.read_until("\n", 100);
  std::optional<IOStream> moved(std::move(stream));
  CHECK(stream.closed());
  CHECK(stream.fd() == -1);
  stream.close();
  ends.second.send("hello\n");
  REQUIRE(wait(loop, line));
  CHECK(line.result() == "hello\n");
  auto others = test_support::connected_pair();
  *moved = IOStream(funnel::Socket(others.first));
  CHECK(ends.second.receive_all().empty());  // the one that it had is closed
}

TEST_CASE("a parser fills and consumes and hears of the end") {
  IOLoop loop;
  auto ends = test_support::connected_pair();
  IOStream stream{funnel::Socket(ends.first)};
  bool closed = false;
  stream.set_close_callback([&] { closed = true; });
  const Future<> more = stream.fill();
  ends.second.send("abc");
  REQUIRE(wait(loop, more));
  CHECK(stream.buffered() == "abc");
  stream.consume(1);
  stream.fill();  // dropped, and so withdrawn
  const Future<> end = stream.fill();
  ends.second.end();
  REQUIRE(wait(loop, end));
  CHECK_THROWS_AS(end.result(), funnel::StreamClosedError);
  CHECK(stream.buffered() == "bc");
  stream.close_write();
  CHECK(ends.second.receive_all().empty());
  CHECK(!closed);
  stream.close();
  run_ready(loop);
  CHECK(closed);
}

TEST_CASE("a loop that is destroyed while a read waits leaks nothing") {
  auto ends = test_support::connected_pair();
  const auto held = std::make_shared<int>(0);
  std::optional<Future<std::string>> line;
  {
    IOLoop loop;
    const auto stream = std::make_shared<IOStream>(funnel::Socket(ends.first));
    line = stream->read_until("\n", 100);
    line->add_done_callback([stream, held](const auto&) {});
    run_ready(loop);
  }
  CHECK(line->done());
  CHECK_THROWS(line->result());
  line.reset();
  CHECK(ends.second.receive_all().empty());
}
