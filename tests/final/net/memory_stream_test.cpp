#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <funnel/ioloop.h>
#include <funnel/task.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../core/support.h"

using namespace funnel;
using core_tests::Started;
using testing::memory_stream_pair;
using testing::MemoryStreamOptions;
using testing::run_ready;

namespace {

Task<> read_pieces(IOStream* stream, std::vector<std::string>* pieces) {
  try {
    for (;;) {
      const std::string piece = co_await stream->read_bytes(1000, true);
      pieces->push_back(piece);
    }
  } catch (const StreamClosedError& error) {
    pieces->push_back(error.code() ? "error" : "end");
  }
}

}  // namespace

TEST_SUITE("net.memory_stream") {
  TEST_CASE("bytes pass in both directions without a system call in between") {
    IOLoop loop;
    auto [a, b] = memory_stream_pair();
    std::vector<std::string> at_a;
    std::vector<std::string> at_b;
    const Started reader_a(read_pieces(&a, &at_a));
    const Started reader_b(read_pieces(&b, &at_b));
    (void)a.write("to b");
    (void)b.write("to a");
    run_ready(loop);
    CHECK(at_a == std::vector<std::string>{"to a"});
    CHECK(at_b == std::vector<std::string>{"to b"});
    a.close_write();
    b.close_write();
    run_ready(loop);
    CHECK(at_a.back() == "end");
    CHECK(at_b.back() == "end");
  }

  TEST_CASE("the test decides how many bytes a read gives") {
    IOLoop loop;
    MemoryStreamOptions options;
    options.read_size = 2;
    auto [a, b] = memory_stream_pair({}, options);
    std::vector<std::string> pieces;
    const Started reader(read_pieces(&b, &pieces));
    (void)a.write("hello");
    a.close();
    run_ready(loop);
    CHECK(pieces == std::vector<std::string>{"he", "ll", "o", "end"});
  }

  TEST_CASE("what does not fit waits with the sender until there is room") {
    IOLoop loop;
    MemoryStreamOptions options;
    options.capacity = 3;
    auto [a, b] = memory_stream_pair({}, options);
    (void)a.write("hello");
    run_ready(loop);
    CHECK(a.bytes_written() == 3);
    CHECK(a.writing());
    std::vector<std::string> pieces;
    const Started reader(read_pieces(&b, &pieces));
    run_ready(loop);
    CHECK(!a.writing());
    CHECK(pieces == std::vector<std::string>{"hel", "lo"});
    b.close();
    run_ready(loop);
  }

  TEST_CASE("a connection is reset after so many bytes, at both ends") {
    IOLoop loop;
    MemoryStreamOptions options;
    options.reset_after = 3;
    auto [a, b] = memory_stream_pair({}, options);
    std::vector<std::string> at_a;
    std::vector<std::string> at_b;
    const Started reader_a(read_pieces(&a, &at_a));
    const Started reader_b(read_pieces(&b, &at_b));
    (void)a.write("hello");
    run_ready(loop);
    CHECK(at_b == std::vector<std::string>{"hel", "error"});
    CHECK(at_a == std::vector<std::string>{"error"});
    CHECK(b.error() == std::errc::connection_reset);
    CHECK(a.error() == std::errc::connection_reset);
    CHECK(a.closed());
  }

  TEST_CASE("a writer waits for the reset too when nobody reads the bytes before it") {
    IOLoop loop;
    MemoryStreamOptions options;
    options.reset_after = 3;
    auto [a, b] = memory_stream_pair({}, options);
    (void)a.write("hello");
    run_ready(loop);
    CHECK(a.bytes_written() == 3);
    CHECK(a.writing());
    std::vector<std::string> pieces;
    const Started reader(read_pieces(&b, &pieces));
    run_ready(loop);
    CHECK(pieces == std::vector<std::string>{"hel", "error"});
    CHECK(a.error() == std::errc::connection_reset);
  }

  TEST_CASE("writing to an end that has gone fails") {
    IOLoop loop;
    auto [a, b] = memory_stream_pair();
    b.close();
    const Future<> sent = a.write("x");
    REQUIRE(sent.done());
    CHECK_THROWS_AS(sent.result(), StreamClosedError);
    CHECK(a.error() == std::errc::broken_pipe);
  }

  TEST_CASE("an end can be destroyed while bytes are on their way to its read") {
    IOLoop loop;
    auto [a, destroyed] = memory_stream_pair();
    std::vector<std::string> pieces;
    {
      IOStream b = std::move(destroyed);
      Started reader(read_pieces(&b, &pieces));
      run_ready(loop);
      (void)a.write("late");
      reader.destroy();
    }
    run_ready(loop);
    CHECK(pieces.empty());
  }
}
