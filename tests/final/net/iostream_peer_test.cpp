#include <funnel/iostream.h>

#include <doctest/doctest.h>

#include <funnel/testing.h>

#include <unistd.h>

#include <array>
#include <string>

#include "../core/support.h"
#include "streams.h"
#include "tcpserver_support.h"

using namespace funnel;
using namespace net_tests;

namespace {

/// Waits for what the system may tell a moment later.
template <typename Condition>
bool soon(Pair& pair, Condition condition) {
  return run_until(pair.loop, condition);
}

}  // namespace

TEST_SUITE("net.iostream.peer") {
  TEST_CASE("a peer that sends, or says nothing, has not gone") {
    over_each([](Pair& pair) {
      CHECK(!pair.a.peer_gone());
      (void)pair.b.write("hello");
      CHECK(soon(pair, [&] { return pair.a.input_waiting(); }));
      CHECK(!pair.a.peer_gone());
      CHECK(pair.read(pair.a.read_bytes(5)) == "hello");
      CHECK(!pair.a.peer_gone());
      pair.a.close_write();  // our end is not the peer's
      pair.settle();
      CHECK(!pair.a.peer_gone());
      CHECK(pair.b.peer_gone());
    });
  }

  TEST_CASE("a peer's end is seen behind bytes that nobody has read") {
    over_each([](Pair& pair) {
      (void)pair.b.write("hello");
      pair.b.close_write();
      CHECK(soon(pair, [&] { return pair.a.peer_gone(); }));
      CHECK(pair.a.buffered().empty());  // asking reads nothing
      CHECK(pair.read(pair.a.read_until_close()) == "hello");
      CHECK(pair.a.peer_gone());
    });
  }

  TEST_CASE("a peer that closes has gone") {
    over_each([](Pair& pair) {
      pair.b.close();
      CHECK(soon(pair, [&] { return pair.a.peer_gone(); }));
      CHECK(pair.b.peer_gone());  // a stream that is closed has no peer
    });
  }

  TEST_CASE("a reset is seen behind bytes that nobody has read") {
    WithRawPeer pair;
    pair.peer->send("hello");
    pair.peer->reset();
    CHECK(run_until(pair.loop, [&] { return pair.stream().peer_gone(); }));

    detail::MemoryTransport::Faults faults;
    faults.reset_after = 3;
    auto [a, b] = connect_memory({}, faults);
    CHECK(!a.peer_gone());
    (void)b.write("hello");
    CHECK(pair.loop.run_sync(Pair::await(a.read_bytes(3))) == "hel");
    testing::run_ready(pair.loop);
    CHECK(a.peer_gone());
    CHECK(b.peer_gone());
  }

  TEST_CASE("both ends of a pipe notice that the other one was closed") {
    IOLoop loop;
    std::array<int, 2> fds{};
    REQUIRE(::pipe(fds.data()) == 0);
    IOStream in = pipe_stream(fds[0]);
    IOStream out = pipe_stream(fds[1]);
    CHECK(!in.peer_gone());
    CHECK(!out.peer_gone());
    (void)out.write("hello");
    CHECK(!in.peer_gone());
    out.close();
    CHECK(in.peer_gone());
    CHECK(loop.run_sync(Pair::await(in.read_until_close())) == "hello");

    REQUIRE(::pipe(fds.data()) == 0);
    IOStream writer = pipe_stream(fds[1]);
    CHECK(!writer.peer_gone());
    ::close(fds[0]);
    CHECK(writer.peer_gone());
  }

  TEST_CASE("the end of a socket that is no TCP socket is seen too") {
    IOLoop loop;
    core_tests::SocketPair ends;
    IOStream a = pipe_stream(ends.release_first());
    IOStream b = pipe_stream(ends.release_second());
    (void)b.write("hello");
    CHECK(!a.peer_gone());
    b.close_write();
    CHECK(a.peer_gone());
    CHECK(!b.peer_gone());
  }

  TEST_CASE("input waits in the buffer, in the system, or as an end") {
    over_each([](Pair& pair) {
      CHECK(!pair.a.input_waiting());
      (void)pair.b.write("hello");
      CHECK(soon(pair, [&] { return pair.a.input_waiting(); }));
      CHECK(pair.a.buffered().empty());  // asking reads nothing
      CHECK(pair.read(pair.a.read_bytes(2)) == "he");
      CHECK(pair.a.buffered() == "llo");
      CHECK(pair.a.input_waiting());
      CHECK(pair.read(pair.a.read_bytes(3)) == "llo");
      CHECK(!pair.a.input_waiting());
      pair.b.close_write();
      CHECK(soon(pair, [&] { return pair.a.input_waiting(); }));
      CHECK(!pair.fill(pair.a));
      CHECK(pair.a.input_waiting());
    });
  }

  TEST_CASE("input waits in a pipe") {
    IOLoop loop;
    std::array<int, 2> fds{};
    REQUIRE(::pipe(fds.data()) == 0);
    IOStream in = pipe_stream(fds[0]);
    IOStream out = pipe_stream(fds[1]);
    CHECK(!in.input_waiting());
    (void)out.write("x");
    CHECK(in.input_waiting());
    CHECK(loop.run_sync(Pair::await(in.read_bytes(1))) == "x");
    CHECK(!in.input_waiting());
    out.close();
    CHECK(in.input_waiting());
  }
}
