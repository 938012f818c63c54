// Tests of the challenges of chapter 2. challenges.h is yours, or the solution next to this file.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <challenges.h>

#include <funnel/socket.h>
#include <funnel/testing.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <sys/socket.h>

// What is tested; these lines also find out whether challenges.h has it as it should.
// #region declarations
namespace challenge {

using Stream = std::shared_ptr<funnel::CallbackStream>;

/// Reads as `read_until` does; if there is no result after `time`, withdraws the read and calls
/// back with `std::errc::timed_out`. The stream stays open. Calls back once.
void read_within(const Stream& stream, std::string delimiter, std::size_t max_bytes,
                 funnel::Duration time, funnel::CallbackStream::ReadCallback callback);

/// Copies what comes from one stream to another until the end, which it passes on with
/// `close_write`. Calls `done` when everything is sent, or with the error that ended it.
void forward(const Stream& from, const Stream& to, funnel::CallbackStream::DoneCallback done);

}  // namespace challenge
// #endregion declarations

using challenge::Stream;
using funnel::CallbackStream;
using funnel::IOLoop;
using funnel::testing::ManualClock;
using funnel::testing::run_ready;
using namespace std::chrono_literals;

namespace {

/// Makes two streams that are connected with each other.
std::pair<Stream, Stream> connected() {
  int ends[2] = {-1, -1};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  return {CallbackStream::create(funnel::Socket(ends[0])),
          CallbackStream::create(funnel::Socket(ends[1]))};
}

/// What a callback was called with.
struct Calls {
  CallbackStream::ReadCallback callback() {
    return [this](const funnel::Result<std::string>& result) {
      ++count;
      text = result ? *result : result.error().message();
      error = result.error();
    };
  }
  int count = 0;
  std::string text;
  std::error_code error;
};

}  // namespace

TEST_CASE("a read that gets its line in time is a read") {
  ManualClock clock;
  IOLoop loop(clock);
  const auto [near, far] = connected();
  Calls calls;
  challenge::read_within(near, "\n", 100, 10s, calls.callback());
  clock.advance(9s);
  run_ready(loop);
  far->write("hello\n");
  run_ready(loop);
  CHECK(calls.count == 1);
  CHECK(calls.text == "hello\n");
  clock.advance(1h);
  run_ready(loop);
  CHECK(calls.count == 1);
  CHECK(!loop.has_work());
}

TEST_CASE("a read that gets nothing in time calls back and leaves the stream as it was") {
  ManualClock clock;
  IOLoop loop(clock);
  const auto [near, far] = connected();
  Calls calls;
  challenge::read_within(near, "\n", 100, 10s, calls.callback());
  far->write("half a li");
  run_ready(loop);
  clock.advance(10s);
  run_ready(loop);
  CHECK(calls.count == 1);
  CHECK(calls.error == std::errc::timed_out);
  CHECK(!near->closed());
  far->write("ne\n");
  Calls next;
  challenge::read_within(near, "\n", 100, 10s, next.callback());
  run_ready(loop);
  CHECK(next.text == "half a line\n");
  CHECK(calls.count == 1);
}

TEST_CASE("a line and the end of its time in one turn are one call") {
  ManualClock clock;
  IOLoop loop(clock);
  const auto [near, far] = connected();
  Calls calls;
  challenge::read_within(near, "\n", 100, 10s, calls.callback());
  run_ready(loop);
  far->write("hello\n");
  clock.advance(10s);
  run_ready(loop);
  CHECK(calls.count == 1);
  CHECK(!loop.has_work());
}

TEST_CASE("all bytes are forwarded and the end as well") {
  IOLoop loop;
  auto [sender, in] = connected();
  auto [out, receiver] = connected();
  const std::string text(1'000'000, 'x');
  bool done = false;
  challenge::forward(in, out, [&](std::error_code error) {
    CHECK(!error);
    done = true;
  });
  sender->write(text);
  sender->close_write();
  Calls calls;
  receiver->read_until_close(calls.callback());
  run_ready(loop);
  CHECK(done);
  CHECK(calls.text.size() == text.size());
}

TEST_CASE("a slow receiver slows the sender down") {
  IOLoop loop;
  auto [sender, in] = connected();
  auto [out, receiver] = connected();
  std::size_t sent = 0;
  std::function<void(std::error_code)> more = [&](std::error_code error) {
    if (error || sent > 20'000'000) return;
    sent += 10'000;
    sender->write(std::string(10'000, 'x'), more);
  };
  challenge::forward(in, out, [](std::error_code) {});
  more({});
  run_ready(loop);  // the receiver reads nothing
  CHECK(sent < 5'000'000);
  CHECK(out->queued() < 200'000);
  CHECK(in->buffered().size() < 200'000);
}

TEST_CASE("an error ends the forwarding") {
  IOLoop loop;
  auto [sender, in] = connected();
  auto [out, receiver] = connected();
  std::error_code ended_with;
  challenge::forward(in, out, [&](std::error_code error) { ended_with = error; });
  receiver.reset();
  sender->write("hello");
  run_ready(loop);
  sender->write("hello");
  run_ready(loop);
  CHECK(ended_with);
}
