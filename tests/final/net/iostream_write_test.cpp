#include <funnel/iostream.h>

#include <doctest/doctest.h>

#include <funnel/gen.h>

#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../../support/time_scale.h"
#include "../core/support.h"
#include "streams.h"
#include "tcpserver_support.h"

using namespace funnel;
using namespace net_tests;
using core_tests::SocketPair;
using core_tests::Started;
using test_support::time_limit;

namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t in_flight = 64 * kib;  // what a memory stream takes without a reader

std::string numbers(std::size_t size) {
  std::string text;
  text.reserve(size + 16);
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i) + ",";
  text.resize(size);
  return text;
}

Task<std::string> read_slowly(IOStream* stream, std::size_t size) {
  std::string all;
  while (all.size() < size) {
    const std::string piece = co_await stream->read_bytes(30'000, true);
    all += piece;
    if (all.size() % 4 == 0) co_await gen::sleep(0ms);
  }
  co_return all;
}

/// Fills the connection until the queue is above the high watermark; returns the pending
/// write. Adds what it wrote to `size`.
Future<> fill_up(IOStream& stream, std::size_t* size = nullptr) {
  const std::string piece(10'000, 'x');
  for (;;) {
    Future<> sent = stream.write(piece);
    if (size != nullptr) *size += piece.size();
    if (!sent.done()) return sent;
  }
}

Task<> wait_and_note(Future<> future, std::string* result) {
  *result = "waiting";
  try {
    co_await std::move(future);
    *result = "done";
  } catch (const StreamClosedError& error) {
    *result = error.code() ? "error" : "closed";
  }
}

/// Notes how a `fill` goes: `waiting`, `more`, `end` or `error`.
Task<> fill_into(IOStream* stream, std::string* result) {
  *result = "waiting";
  try {
    const bool more = co_await stream->fill();
    *result = more ? "more" : "end";
  } catch (const StreamClosedError&) {
    *result = "error";
  }
}

}  // namespace

TEST_SUITE("net.iostream.write") {
  TEST_CASE("a small write is done at once") {
    over_each([](Pair& pair) {
      CHECK(pair.a.write("hello").done());
      CHECK(!pair.a.writing());
      CHECK(pair.a.bytes_written() == 5);
      CHECK(pair.a.write(", ", "world").done());
      CHECK(pair.a.write("", "!").done());
      CHECK(pair.a.write("?", "").done());
      CHECK(pair.a.write("").done());
      CHECK(pair.read(pair.b.read_bytes(14)) == "hello, world!?");
      CHECK(pair.a.bytes_written() == 14);
    });
  }

  TEST_CASE("ten megabytes arrive in order at a reader that takes its time") {
    over_each([](Pair& pair) {
      const std::string text = numbers(10 * kib * kib);
      for (std::size_t at = 0; at < text.size(); at += 100'000) {
        const std::string piece = text.substr(at, 100'000);
        if (at % 200'000 == 0) {
          (void)pair.a.write(piece);
        } else {
          (void)pair.a.write(piece.substr(0, 777),
                             piece.substr(std::min<std::size_t>(777, piece.size())));
        }
      }
      CHECK(pair.a.writing());
      CHECK(pair.loop.run_sync(read_slowly(&pair.b, text.size()), time_limit(20s)) == text);
      CHECK(!pair.a.writing());
      CHECK(pair.a.bytes_written() == text.size());
    });
  }

  TEST_CASE("one write of ten megabytes in two pieces arrives whole") {
    over_each([](Pair& pair) {
      const std::string text = numbers(10 * kib * kib);
      (void)pair.a.write("head", text);
      CHECK(pair.loop.run_sync(read_slowly(&pair.b, text.size() + 4), time_limit(20s)) ==
            "head" + text);
    });
  }

  TEST_CASE("a write waits above 64 KiB in the queue and goes on at half of that") {
    Pair pair(Kind::memory);
    CHECK(pair.a.write(std::string(in_flight, 'x')).done());
    CHECK(!pair.a.writing());
    CHECK(pair.a.write(std::string(64 * kib, 'x')).done());
    CHECK(pair.a.writing());
    const Future<> sent = pair.a.write("y");
    const Future<> also = pair.a.write("z");
    CHECK(!sent.done());
    // 64 KiB and two bytes are queued: 32 KiB and two have to go.
    pair.read(pair.b.read_bytes(in_flight / 4));
    pair.settle();
    CHECK(!sent.done());
    CHECK(!also.done());
    pair.read(pair.b.read_bytes(in_flight / 2));
    pair.settle();
    CHECK(sent.done());
    CHECK(also.done());
  }

  TEST_CASE("the queue must be at half, not a byte above") {
    detail::MemoryTransport::Faults faults;
    faults.capacity = 1;  // byte by byte
    faults.read_size = 1;
    IOLoop loop;
    auto [a, b] = connect_memory({}, faults);
    CHECK(a.write(std::string(64 * kib + 1, 'x')).done());  // one of them has gone
    const Future<> sent = a.write("y");
    CHECK(!sent.done());
    std::size_t taken = 0;
    for (; !sent.done() && taken < 64 * kib; ++taken) {
      loop.run_sync(Pair::await(b.read_bytes(1)));
      testing::run_ready(loop);
    }
    CHECK(a.bytes_written() == 64 * kib + 2 - 32 * kib);
  }

  TEST_CASE("flush waits until everything was given to the system") {
    over_each([](Pair& pair) {
      CHECK(pair.a.flush().done());
      std::size_t size = 0;
      const Future<> sent = fill_up(pair.a, &size);
      const Future<> flushed = pair.a.flush();
      CHECK(!flushed.done());
      pair.settle();
      CHECK(!flushed.done());
      pair.read(pair.b.read_bytes(size));
      pair.wait(flushed);
      CHECK(!pair.a.writing());
      CHECK(sent.done());
      CHECK(pair.a.flush().done());
    });
  }

  TEST_CASE("a write to a closed stream fails at once, and nobody has to look") {
    testing::LogCapture log;
    over_each([](Pair& pair) {
      pair.a.close();
      const Future<> sent = pair.a.write("x");
      REQUIRE(sent.done());
      CHECK_THROWS_AS(sent.result(), StreamClosedError);
      (void)pair.a.write("y");
    });
    CHECK(log.empty());
  }

  TEST_CASE("flush fails when the stream closed before everything was sent, or for an error") {
    testing::LogCapture log;
    over_each([](Pair& pair) {
      (void)fill_up(pair.a);
      (void)pair.b.write("all of it");
      pair.b.close();
      CHECK_NOTHROW(pair.b.flush().result());
      pair.a.close();
      const Future<> flushed = pair.a.flush();
      REQUIRE(flushed.done());
      CHECK_THROWS_AS(flushed.result(), StreamClosedError);
    });
    CHECK(log.empty());
  }

  TEST_CASE("closing fails everything that waits, in a later turn") {
    testing::LogCapture log;
    over_each([](Pair& pair) {
      Future<> sent = fill_up(pair.a);
      std::string write_result;
      std::string flush_result;
      std::string read_result = "waiting";
      const auto read = [](IOStream* stream, std::string* result) -> Task<> {
        try {
          (void)co_await stream->read_bytes(1);
        } catch (const StreamClosedError&) {
          *result = "closed";
        }
      };
      const Started writer(wait_and_note(sent, &write_result));
      const Started flusher(wait_and_note(pair.a.flush(), &flush_result));
      const Started reader(read(&pair.a, &read_result));
      pair.a.close();
      CHECK(write_result == "waiting");
      CHECK(flush_result == "waiting");
      CHECK(read_result == "waiting");
      pair.settle();
      CHECK(write_result == "closed");
      CHECK(flush_result == "closed");
      CHECK(read_result == "closed");
      CHECK(!pair.a.reading());
    });
    CHECK(log.empty());
  }

  TEST_CASE("a write that waited and that nobody looks at may fail in silence") {
    testing::LogCapture log;
    over_each([](Pair& pair) {
      (void)fill_up(pair.a);
      (void)pair.a.flush();
      pair.a.close();
      pair.settle();
    });
    CHECK(log.empty());
  }

  TEST_CASE("destroying a stream fails a write that waits") {
    testing::LogCapture log;
    IOLoop loop;
    std::string result;
    std::optional<Ends> ends(connect_memory({}));
    const Started writer(wait_and_note(fill_up(ends->first), &result));
    ends.reset();
    testing::run_ready(loop);
    CHECK(result == "closed");
    CHECK(log.empty());
  }

  TEST_CASE("a coroutine that waits for a write can be destroyed") {
    over_each([](Pair& pair) {
      std::string result;
      Started writer(wait_and_note(fill_up(pair.a), &result));
      writer.destroy();
      const std::uint64_t size = pair.a.bytes_written() + 64 * kib;
      pair.read(pair.b.read_bytes(size));
      CHECK(result == "waiting");
    });
  }

  TEST_CASE("a reset by the peer fails the writes and closes the stream with its reason") {
    testing::LogCapture log;
    WithRawPeer pair;
    std::string result;
    const auto write = [](Future<> sent, std::string* note) -> Task<> {
      co_await wait_and_note(std::move(sent), note);
    };
    const Future<> sent = fill_up(pair.stream());
    pair.peer->reset();
    pair.loop.run_sync(write(sent, &result), time_limit(10s));
    CHECK(result == "error");
    CHECK(pair.stream().closed());
    CHECK(pair.stream().error());
    CHECK(log.empty());
  }

  TEST_CASE("a write that the system refuses closes the stream and fails the read too") {
    testing::LogCapture log;
    IOLoop loop;
    detail::MemoryTransport::Faults faults;
    faults.reset_after = 5;
    auto [a, b] = connect_memory({}, faults);
    std::string read_result = "waiting";
    const auto read = [](IOStream* stream, std::string* result) -> Task<> {
      try {
        (void)co_await stream->read_bytes(1);
      } catch (const StreamClosedError& error) {
        *result = error.code() == std::errc::connection_reset ? "reset" : "closed";
      }
    };
    const Started reader(read(&a, &read_result));
    std::string result;
    const Started writer(wait_and_note(fill_up(a), &result));
    CHECK(loop.run_sync(Pair::await(b.read_bytes(5))) == "xxxxx");
    CHECK_THROWS_AS(loop.run_sync(Pair::await(b.read_bytes(1))), StreamClosedError);
    testing::run_ready(loop);
    CHECK(result == "error");
    CHECK(read_result == "reset");
    CHECK(a.error() == std::errc::connection_reset);
    CHECK(log.empty());
  }

  TEST_CASE("a peer that takes no more fails the writes, and a read still learns what it said") {
    IOLoop loop;
    SocketPair ends;
    IOStream stream = pipe_stream(ends.release_first());
    std::string result;
    const Started reader(read_into(stream.read_until_close(), &result));
    REQUIRE(::send(ends.second(), "why", 3, 0) == 3);
    ::shutdown(ends.second(), SHUT_RD);
    for (int i = 0; i < 2; ++i) {
      CHECK_THROWS_AS(stream.write("x").result(), StreamClosedError);
      CHECK_THROWS_AS(stream.flush().result(), StreamClosedError);
    }
    CHECK(!stream.writing());
    CHECK(!stream.closed());
    testing::run_ready(loop);
    CHECK(result == "waiting");
    ends.close_second();
    testing::run_ready(loop);
    CHECK(result == "why");
    CHECK(stream.closed());
  }

  TEST_CASE("a peer that takes no more and then ends is an orderly end for a fill that waits") {
    IOLoop loop;
    SocketPair ends;
    IOStream stream = pipe_stream(ends.release_first());
    std::string result;
    const Started filler(fill_into(&stream, &result));
    ::shutdown(ends.second(), SHUT_RD);
    CHECK_THROWS_AS(stream.write("x").result(), StreamClosedError);
    CHECK(result == "waiting");
    ends.close_second();
    testing::run_ready(loop);
    CHECK(result == "end");
    CHECK(stream.error() == std::errc::broken_pipe);
    const Started again(fill_into(&stream, &result));
    CHECK(result == "end");
  }

  TEST_CASE("a reset that a write is told of is no orderly end for the read that waits") {
    WithRawPeer pair;
    std::string result;
    const Started reader(read_into(pair.stream().read_until_close(), &result));
    pair.peer->send("part");
    pair.peer->reset();
    CHECK_THROWS_AS(pair.stream().write("x").result(), StreamClosedError);
    CHECK(run_until(pair.loop, [&] { return result != "waiting"; }));
    CHECK(result == "error");
    CHECK(pair.stream().closed());
    CHECK(pair.stream().error() == std::errc::connection_reset);
  }

  TEST_CASE("a peer that takes no more closes a stream that nobody reads") {
    IOLoop loop;
    SocketPair ends;
    IOStream stream = pipe_stream(ends.release_first());
    ::shutdown(ends.second(), SHUT_RD);
    CHECK_THROWS_AS(stream.write("x").result(), StreamClosedError);
    CHECK(stream.closed());
    CHECK(stream.error() == std::errc::broken_pipe);
  }

  TEST_CASE("after the peer's end one can still write") {
    over_each([](Pair& pair) {
      pair.b.close_write();
      CHECK(!pair.fill(pair.a));
      (void)pair.a.write("still here");
      CHECK(pair.read(pair.b.read_bytes(10)) == "still here");
      CHECK(!pair.a.closed());
    });
  }

  TEST_CASE("close_write comes after what is queued, and reading goes on") {
    over_each([](Pair& pair) {
      const std::string text = numbers(3'000'000);
      (void)pair.a.write(text);
      pair.a.close_write();
      pair.a.close_write();
      CHECK(pair.read(pair.b.read_until_close()) == text);
      (void)pair.b.write("answer");
      CHECK(pair.read(pair.a.read_bytes(6)) == "answer");
      CHECK(!pair.a.closed());
    });
  }

  TEST_CASE("more in the queue than allowed closes the stream") {
    testing::LogCapture log;
    IOStreamOptions options;
    options.max_write_buffer_size = 100'000;
    IOLoop loop;
    auto [a, b] = connect_memory(options);
    CHECK(a.write(std::string(in_flight, 'x')).done());
    const Future<> waiting = a.write(std::string(100'000, 'x'));
    CHECK(!waiting.done());
    const Future<> sent = a.write("x");
    REQUIRE(sent.done());
    CHECK_THROWS_AS(sent.result(), StreamBufferFullError);
    CHECK_THROWS_AS(waiting.result(), StreamClosedError);
    CHECK(a.closed());
    CHECK(a.error() == std::errc::no_buffer_space);
    CHECK(loop.run_sync(Pair::await(b.read_until_close())).size() == in_flight);
    CHECK(log.empty());
  }
}
