// final: no, its client is awaited by coroutines

#include <funnel/callback_stream.h>

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "streams.h"
#include "support/faulty_calls.h"
#include "support/raw_socket.h"

// Given code: connecting without waiting.

using funnel::CallbackStream;
using funnel::IOLoop;
using funnel::Result;
using funnel::testing::ManualClock;
using funnel::testing::run_ready;
using namespace std::chrono_literals;
using test_support::eventually;
using test_support::FaultyCalls;
using test_support::RawSocket;
using Stream = std::shared_ptr<CallbackStream>;

namespace {

/// How an attempt to connect has ended.
class Attempt {
 public:
  Attempt(IOLoop& loop, std::uint16_t port, const std::string& address = "127.0.0.1")
      : loop_(loop) {
    CallbackStream::connect(address, port,
                            [this](const Result<Stream>& result) { result_ = result; });
    CHECK(!result_);  // not within the call
  }

  bool is_over() const noexcept { return result_.has_value(); }
  Result<Stream> wait() {
    CHECK(eventually([&] {
      run_ready(loop_);
      return is_over();
    }));
    return result_ ? *result_ : Result<Stream>(std::make_error_code(std::errc::timed_out));
  }

 private:
  IOLoop& loop_;
  std::optional<Result<Stream>> result_;
};

}  // namespace

TEST_CASE("connecting calls back with a stream") {
  IOLoop loop;
  const RawSocket listener = RawSocket::listen_anywhere();
  Attempt attempt(loop, listener.port());
  const Result<Stream> stream = attempt.wait();
  REQUIRE(stream);
  (*stream)->write("hello");
  CHECK(listener.accept().receive() == "hello");
  CHECK(!loop.has_work());
}

TEST_CASE("a connection that is refused or impossible is an error") {
  IOLoop loop;
  const std::uint16_t port = test_support::refused_port();
  CHECK(Attempt(loop, port).wait().error() == make_error_code(std::errc::connection_refused));
  FaultyCalls calls;
  calls.fail(FaultyCalls::Call::socket, EMFILE);
  CHECK(Attempt(loop, port).wait().error() == make_error_code(std::errc::too_many_files_open));
  CHECK(!loop.has_work());
}

TEST_CASE("connecting to who never answers ends after its time") {
  ManualClock clock;
  IOLoop loop(clock);
  const test_support::HangingPort hanging;
  const int before = test_support::open_descriptors();
  Attempt attempt(loop, hanging.port());
  run_ready(loop);
  clock.advance(20s - 1ns);
  run_ready(loop);
  CHECK(!attempt.is_over());
  clock.advance(1ns);
  CHECK(attempt.wait().error() == make_error_code(std::errc::timed_out));
  CHECK(!loop.has_work());
  CHECK(test_support::open_descriptors() == before);
}

TEST_CASE("a loop that ends while somebody connects leaks nothing") {
  const test_support::HangingPort hanging;
  const int before = test_support::open_descriptors();
  bool called = false;
  {
    IOLoop loop;
    CallbackStream::connect("127.0.0.1", hanging.port(), [&](const auto&) { called = true; });
    run_ready(loop);
  }
  CHECK(!called);
  CHECK(test_support::open_descriptors() == before);
}

TEST_CASE("a name is refused since looking it up would block") {
  IOLoop loop;
  CHECK_THROWS_AS(CallbackStream::connect("localhost", 80, [](const auto&) {}),
                  std::invalid_argument);
}
