#include <funnel/iostream.h>

#include <doctest/doctest.h>

#include <funnel/cancel.h>
#include <funnel/error.h>
#include <funnel/gen.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "../../support/time_scale.h"
#include "../core/support.h"
#include "streams.h"

using namespace funnel;
using namespace net_tests;
using core_tests::Started;
using test_support::time_limit;

namespace {

const IOStreamOptions small_buffer = [] {
  IOStreamOptions options;
  options.max_buffer_size = 10'000;
  return options;
}();

}  // namespace

TEST_SUITE("net.iostream.read") {
  TEST_CASE("read_until gives up to the delimiter and keeps the rest") {
    over_each([](Pair& pair) {
      (void)pair.b.write("one\r\ntwo\r\nthree");
      CHECK(pair.read(pair.a.read_until("\r\n")) == "one\r\n");
      CHECK(pair.read(pair.a.read_until("\r\n")) == "two\r\n");
      CHECK(pair.a.buffered() == "three");
      (void)pair.b.write("\r\n");
      CHECK(pair.read(pair.a.read_until("\r\n")) == "three\r\n");
    });
  }

  TEST_CASE("read_until finds a delimiter wherever it is cut") {
    over_each([](Pair& pair) {
      const std::string text = "ab\r\r\n\r\n";
      for (std::size_t cut = 1; cut < text.size(); ++cut) {
        std::string result;
        const Started reader(read_into(pair.a.read_until("\r\n\r\n"), &result));
        (void)pair.b.write(text.substr(0, cut));
        pair.settle();
        CHECK(result == "waiting");
        (void)pair.b.write(text.substr(cut));
        pair.settle();
        CHECK(result == text);
      }
    });
  }

  TEST_CASE("read_until accepts a delimiter that ends just at the limit") {
    over_each([](Pair& pair) {
      (void)pair.b.write("12345678\r\n12345678\r\nrest");
      CHECK(pair.read(pair.a.read_until("\r\n", 10)) == "12345678\r\n");
      CHECK(pair.read(pair.a.read_until("\r\n", 11)) == "12345678\r\n");
      CHECK(pair.a.buffered() == "rest");
    });
  }

  TEST_CASE("read_until closes the stream when no delimiter ends within the limit") {
    // With the delimiter just behind, far behind, and not there.
    for (const std::string_view text : {"123456789\r\n", "12345678901234567\r\n", "1234567890"}) {
      over_each([text](Pair& pair) {
        (void)pair.b.write(text);
        pair.settle();
        CHECK_THROWS_AS(pair.read(pair.a.read_until("\r\n", 10)), StreamBufferFullError);
        CHECK(pair.a.closed());
        CHECK(pair.a.error() == std::errc::no_buffer_space);
        CHECK_THROWS_AS(pair.read(pair.b.read_bytes(1)), StreamClosedError);
      });
    }
  }

  TEST_CASE("the limit strikes a read that already waits too") {
    over_each([](Pair& pair) {
      std::string result;
      const Started reader(read_into(pair.a.read_until("\r\n", 10), &result));
      (void)pair.b.write("123456789");
      pair.settle();
      CHECK(result == "waiting");
      (void)pair.b.write("0");
      pair.settle();
      CHECK(result == "full");
      CHECK(pair.a.closed());
    });
  }

  TEST_CASE("read_bytes gives exactly as many as were asked for") {
    over_each([](Pair& pair) {
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(5), &result));
      (void)pair.b.write("hel");
      pair.settle();
      CHECK(result == "waiting");
      (void)pair.b.write("lo, world");
      pair.settle();
      CHECK(result == "hello");
      CHECK(pair.read(pair.a.read_bytes(7)) == ", world");
    });
  }

  TEST_CASE("a partial read gives what is there, at least a byte and at most the number") {
    over_each([](Pair& pair) {
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(100, true), &result));
      pair.settle();
      CHECK(result == "waiting");
      (void)pair.b.write("hello");
      pair.settle();
      CHECK(result == "hello");
      (void)pair.b.write("hello");
      pair.settle();
      CHECK(pair.read(pair.a.read_bytes(2, true)) == "he");
      CHECK(pair.read(pair.a.read_bytes(2, true)) == "ll");
      CHECK(pair.read(pair.a.read_bytes(2, true)) == "o");
    });
  }

  TEST_CASE("reading nothing is done at once") {
    over_each([](Pair& pair) {
      CHECK(pair.read(pair.a.read_bytes(0)).empty());
      CHECK(pair.read(pair.a.read_bytes(0, true)).empty());
      (void)pair.b.write("x");
      pair.settle();
      CHECK(pair.read(pair.a.read_bytes(0)).empty());
      CHECK(pair.read(pair.a.read_bytes(1)) == "x");
    });
  }

  TEST_CASE("a long read arrives whole") {
    over_each([](Pair& pair) {
      std::string text;
      for (int i = 0; text.size() < 3'000'000; ++i) text += std::to_string(i) + ",";
      (void)pair.b.write(text);
      CHECK(pair.read(pair.a.read_bytes(text.size())) == text);
    });
  }

  TEST_CASE("read_until_close gives everything to the peer's end, once") {
    over_each([](Pair& pair) {
      (void)pair.b.write("hello, ");
      pair.settle();
      (void)pair.b.write("world");
      pair.b.close();
      CHECK(pair.read(pair.a.read_until_close()) == "hello, world");
      CHECK(pair.read(pair.a.read_until_close()).empty());
      CHECK_THROWS_AS(pair.read(pair.a.read_bytes(1)), StreamClosedError);
    });
  }

  TEST_CASE("read_until_close gives what was left even after closing") {
    over_each([](Pair& pair) {
      (void)pair.b.write("rest");
      pair.b.close();
      CHECK(pair.read(pair.a.read_bytes(1)) == "r");
      CHECK(!pair.fill(pair.a));
      pair.a.close();
      CHECK(pair.read(pair.a.read_until_close()) == "est");
    });
  }

  TEST_CASE("after the peer's end reads take what is left and then fail") {
    over_each([](Pair& pair) {
      (void)pair.b.write("line\nrest");
      pair.b.close();
      CHECK(pair.read(pair.a.read_until("\n")) == "line\n");
      CHECK_THROWS_AS(pair.read(pair.a.read_until("\n")), StreamClosedError);
      CHECK(pair.read(pair.a.read_bytes(2)) == "re");
      CHECK_THROWS_AS(pair.read(pair.a.read_bytes(3)), StreamClosedError);
      CHECK(pair.read(pair.a.read_bytes(3, true)) == "st");
      CHECK(!pair.a.error());
    });
  }

  TEST_CASE("an end that comes together with data does not hide it") {
    over_each([](Pair& pair) {
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(5), &result));
      (void)pair.b.write("hello");
      pair.b.close_write();
      pair.settle();
      CHECK(result == "hello");
      CHECK_THROWS_AS(pair.read(pair.a.read_bytes(1)), StreamClosedError);
      CHECK(!pair.a.closed());
    });
  }

  TEST_CASE("an end in the middle of a read fails it and keeps the bytes") {
    over_each([](Pair& pair) {
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(10), &result));
      (void)pair.b.write("hello");
      pair.b.close_write();
      pair.settle();
      CHECK(result == "closed");
      CHECK(pair.a.buffered() == "hello");
    });
  }

  TEST_CASE("a read that is cancelled loses nothing") {
    over_each([](Pair& pair) {
      CancelSource scope;
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(10), &result), scope.token());
      (void)pair.b.write("hello");
      pair.settle();
      scope.cancel();
      pair.settle();
      CHECK(result == "cancelled");
      CHECK(!pair.a.closed());
      (void)pair.b.write("world");
      CHECK(pair.read(pair.a.read_bytes(10)) == "helloworld");
    });
  }

  TEST_CASE("a read under a cancelled scope does not start") {
    over_each([](Pair& pair) {
      CancelSource scope;
      scope.cancel();
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(1), &result), scope.token());
      CHECK(result == "cancelled");
      CHECK(!pair.a.reading());
    });
  }

  TEST_CASE("a read that is destroyed loses nothing") {
    over_each([](Pair& pair) {
      std::string result;
      Started reader(read_into(pair.a.read_bytes(10), &result));
      CHECK(pair.a.reading());
      (void)pair.b.write("hello");
      pair.settle();
      reader.destroy();
      CHECK(!pair.a.reading());
      CHECK(result == "waiting");
      (void)pair.b.write("world");
      CHECK(pair.read(pair.a.read_bytes(10)) == "helloworld");
    });
  }

  TEST_CASE("a time limit ends a read and the stream goes on") {
    over_each([](Pair& pair) {
      const auto limited = [](IOStream* stream) -> Task<std::string> {
        auto guarded = gen::with_timeout(1ms, stream->read_bytes(1));
        std::string bytes = co_await std::move(guarded);
        co_return bytes;
      };
      CHECK_THROWS_AS(pair.loop.run_sync(limited(&pair.a)), TimeoutError);
      (void)pair.b.write("x");
      CHECK(pair.read(pair.a.read_bytes(1)) == "x");
    });
  }

  TEST_CASE("closing ends a read that waits") {
    over_each([](Pair& pair) {
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(5), &result));
      (void)pair.b.write("part");
      pair.settle();
      pair.a.close();
      CHECK(result == "waiting");  // never inside the call
      pair.settle();
      CHECK(result == "closed");
    });
  }

  TEST_CASE("closing ends a fill that waits with false, as a peer's end does") {
    over_each([](Pair& pair) {
      int more = -1;
      const auto fill = [](IOStream* stream, int* result) -> Task<> {
        *result = co_await stream->fill() ? 1 : 0;
      };
      const Started filler(fill(&pair.a, &more));
      pair.a.close();
      CHECK(more == -1);  // never inside the call
      pair.settle();
      CHECK(more == 0);
      CHECK(!pair.fill(pair.a));
    });
  }

  TEST_CASE("closing does not make read_until_close believe that it has everything") {
    over_each([](Pair& pair) {
      std::string result;
      const Started reader(read_into(pair.a.read_until_close(), &result));
      (void)pair.b.write("part");
      pair.settle();
      pair.a.close();
      pair.settle();
      CHECK(result == "closed");
    });
  }

  TEST_CASE("a stream that holds its most is closed by a read that wants more") {
    over_each(
        [](Pair& pair) {
          (void)pair.b.write(std::string(200'000, 'x'));
          CHECK_THROWS_AS(pair.read(pair.a.read_bytes(200'000)), StreamBufferFullError);
          CHECK(pair.a.closed());
        },
        small_buffer);
  }

  TEST_CASE("fill waits for more and tells the end every time") {
    over_each([](Pair& pair) {
      (void)pair.b.write("hello");
      CHECK(pair.fill(pair.a));
      CHECK(pair.a.buffered() == "hello");
      pair.a.consume(2);
      CHECK(pair.a.buffered() == "llo");
      (void)pair.b.write("!");
      CHECK(pair.fill(pair.a));
      CHECK(pair.a.buffered() == "llo!");
      pair.b.close_write();
      CHECK(!pair.fill(pair.a));
      CHECK(!pair.fill(pair.a));
      CHECK(pair.a.buffered() == "llo!");
    });
  }

  TEST_CASE("fill throws when the connection was reset, every time") {
    IOLoop loop;
    detail::MemoryTransport::Faults faults;
    faults.reset_after = 5;
    auto [a, b] = connect_memory({}, faults);
    (void)b.write("hello");
    const auto fill = [](IOStream* stream) -> Task<bool> {
      const bool more = co_await stream->fill();
      co_return more;
    };
    CHECK(loop.run_sync(fill(&a)));
    for (int i = 0; i < 2; ++i) CHECK_THROWS_AS(loop.run_sync(fill(&a)), StreamClosedError);
    CHECK(a.buffered() == "hello");
    CHECK(a.error() == std::errc::connection_reset);
  }

  TEST_CASE("what was detached stays readable while the stream goes on") {
    over_each([](Pair& pair) {
      (void)pair.b.write("headbody");
      CHECK(pair.read(pair.a.read_bytes(0)).empty());
      while (pair.a.buffered().size() < 8) pair.fill(pair.a);
      const std::string_view head = pair.a.buffered().substr(0, 4);
      const std::shared_ptr<const char[]> pin = pair.a.detach(4);
      CHECK(pair.read(pair.a.read_bytes(4)) == "body");
      (void)pair.b.write(std::string(100'000, 'x'));
      CHECK(pair.read(pair.a.read_bytes(100'000)).size() == 100'000);
      CHECK(head == "head");
    });
  }

  TEST_CASE("a hundred thousand reads in a row need no more stack or memory") {
    Pair pair(Kind::memory);
    const auto many = [](IOStream* from, IOStream* to) -> Task<int> {
      int count = 0;
      for (; count < 100'000; ++count) {
        (void)to->write("x\n");
        const std::string line = co_await from->read_until("\n");
        if (line != "x\n") break;
      }
      co_return count;
    };
    CHECK(pair.loop.run_sync(many(&pair.a, &pair.b)) == 100'000);
  }

  TEST_CASE("a reset by the peer fails the read with its reason") {
    testing::LogCapture log;
    WithRawPeer pair;
    pair.peer->reset();
    CHECK_THROWS_AS(pair.loop.run_sync(Pair::await(pair.stream().read_bytes(1)), time_limit(5s)),
                    StreamClosedError);
    CHECK(pair.stream().closed());
    CHECK(pair.stream().error() == std::errc::connection_reset);
    CHECK(log.empty());
  }
}
