#include <funnel/iostream.h>

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "../../support/raw_socket.h"
#include "streams.h"

using namespace funnel;
using namespace net_tests;

TEST_SUITE("net.iostream.close") {
  TEST_CASE("the close callback runs once, in a later turn, whoever closes") {
    over_each([](Pair& pair) {
      int at_a = 0;
      int at_b = 0;
      pair.a.set_close_callback([&] { ++at_a; });
      pair.b.set_close_callback([&] { ++at_b; });
      pair.a.close();
      pair.a.close();
      CHECK(at_a == 0);
      pair.settle();
      CHECK(at_a == 1);
      // The peer's end alone does not close.
      CHECK(!pair.fill(pair.b));
      pair.settle();
      CHECK(at_b == 0);
      // Writing to what has gone does.
      while (!pair.b.closed()) {
        (void)pair.b.write("x");
        pair.settle();
      }
      pair.settle();
      CHECK(at_b == 1);
    });
  }

  TEST_CASE("a close callback that comes too late still runs") {
    over_each([](Pair& pair) {
      pair.a.close();
      int count = 0;
      pair.a.set_close_callback([&] { ++count; });
      CHECK(count == 0);
      pair.settle();
      CHECK(count == 1);
    });
  }

  TEST_CASE("destroying a stream does not call its close callback") {
    IOLoop loop;
    int count = 0;
    {
      auto [a, b] = connect_memory({});
      a.set_close_callback([&] { ++count; });
    }
    testing::run_ready(loop);
    CHECK(count == 0);
  }

  TEST_CASE("destroying a stream takes back the close callback that close has queued") {
    IOLoop loop;
    int count = 0;
    {
      auto [a, b] = connect_memory({});
      a.set_close_callback([&] { ++count; });
      a.close();
    }
    testing::run_ready(loop);
    CHECK(count == 0);
  }

  TEST_CASE("a close callback may be replaced until it has run, and may destroy its stream") {
    IOLoop loop;
    std::string notes;
    std::optional<Ends> ends(connect_memory({}));
    ends->first.set_close_callback([&] { notes += "first "; });
    ends->first.close();
    ends->first.set_close_callback([&] {
      ends.reset();
      notes += "second ";
    });
    testing::run_ready(loop);
    CHECK(notes == "second ");
    ends.emplace(connect_memory({}));
    ends->first.set_close_callback([&] { notes += "third "; });
    ends->first.close();
    ends->first.set_close_callback({});
    testing::run_ready(loop);
    CHECK(notes == "second ");
  }

  TEST_CASE("a stream can be moved") {
    over_each([](Pair& pair) {
      IOStream moved = std::move(pair.a);
      (void)moved.write("hello");
      CHECK(pair.read(pair.b.read_bytes(5)) == "hello");
      pair.a = std::move(moved);
      (void)pair.b.write("world");
      CHECK(pair.read(pair.a.read_bytes(5)) == "world");
    });
  }

  TEST_CASE("closing leaves no descriptor behind") {
    const int before = test_support::open_descriptors();
    {
      Pair pair(Kind::tcp);
      CHECK(test_support::open_descriptors() > before);
    }
    CHECK(test_support::open_descriptors() == before);
  }

  TEST_CASE("the peer of a closed stream reads its end") {
    over_each([](Pair& pair) {
      (void)pair.a.write("bye");
      pair.a.close();
      CHECK(pair.read(pair.b.read_until_close()) == "bye");
    });
  }

  TEST_CASE("error messages say why") {
    CHECK(std::string(StreamClosedError().what()) == "the stream is closed");
    const StreamClosedError reset(std::make_error_code(std::errc::connection_reset));
    CHECK(std::string(reset.what()) == "the stream is closed: Connection reset by peer");
  }
}
