#include <funnel/tcpclient.h>

#include <doctest/doctest.h>

#include <funnel/cancel.h>
#include <funnel/error.h>
#include <funnel/gen.h>
#include <funnel/ioloop.h>
#include <funnel/tcpserver.h>
#include <funnel/testing.h>

#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "../../support/raw_socket.h"
#include "../../support/time_scale.h"
#include "../core/support.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::Started;
using test_support::HangingPort;
using test_support::RawSocket;
using test_support::time_limit;

namespace {

/// What became of an attempt to connect.
struct Result {
  bool connected = false;
  bool cancelled = false;
  std::string error;
  std::error_code code;
};

Task<> connect(Resolver* resolver, std::string host, std::uint16_t port, Result* result) {
  TCPClient client(*resolver);
  try {
    IOStream stream = co_await client.connect(host, port);
    result->connected = true;
    co_await stream.write("x");
  } catch (const Cancelled&) {
    result->cancelled = true;
  } catch (const std::system_error& error) {
    result->error = error.what();
    result->code = error.code();
  } catch (const std::invalid_argument& error) {
    result->error = error.what();
  }
}

Result connect_to(Resolver& resolver, std::string host, std::uint16_t port) {
  Result result;
  IOLoop::current().run_sync(connect(&resolver, std::move(host), port, &result), time_limit(10s));
  return result;
}

Result connect_to(std::vector<Address> addresses) {
  OverrideResolver resolver({{"host", std::move(addresses)}});
  return connect_to(resolver, "host", 0);
}

/// On a clock that stands still: returns whether an attempt succeeds before and after the
/// head start of its first address.
std::pair<bool, bool> around_head_start(std::vector<Address> addresses, Duration head_start) {
  testing::ManualClock clock;
  IOLoop loop(clock);
  OverrideResolver resolver({{"host", std::move(addresses)}});
  Result result;
  const Started attempt(connect(&resolver, "host", 0, &result));
  const auto wait_really = [&] {
    for (int i = 0; i < 20; ++i) {
      testing::run_ready(loop);
      ::usleep(1000);
    }
  };
  clock.advance(head_start - 1ms);
  wait_really();
  const bool before = result.connected;
  clock.advance(1ms);
  wait_really();
  return {before, result.connected};
}

bool ipv6_works() {
  try {
    RawSocket::listen_anywhere(16, true);
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

}  // namespace

TEST_SUITE("net.tcpclient") {
  TEST_CASE("a connection to a numeric address needs no resolver") {
    IOLoop loop;
    const RawSocket server = RawSocket::listen_anywhere();
    const Result result = connect_to(default_resolver(), "127.0.0.1", server.port());
    CHECK(result.connected);
    CHECK(server.accept().receive_all() == "x");
  }

  TEST_CASE("a name is resolved") {
    IOLoop loop;
    const RawSocket server = RawSocket::listen_anywhere();
    CHECK(connect_to(default_resolver(), "localhost", server.port()).connected);
  }

  TEST_CASE("a numeric IPv6 address works") {
    if (!ipv6_works()) {
      MESSAGE("skipped: this machine has no IPv6");
      return;
    }
    IOLoop loop;
    const RawSocket server = RawSocket::listen_anywhere(16, true);
    CHECK(connect_to(default_resolver(), "::1", server.port()).connected);
  }

  TEST_CASE("a refused connection is an error that names the address") {
    IOLoop loop;
    const std::uint16_t port = test_support::refused_port();
    const Result result = connect_to(default_resolver(), "127.0.0.1", port);
    CHECK(!result.connected);
    CHECK(result.code == std::errc::connection_refused);
    CHECK(result.error ==
          "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
  }

  TEST_CASE("a name that does not exist is an error that names it") {
    IOLoop loop;
    const std::string name = std::string(64, 'x') + ".invalid";  // too long for a look-up
    const Result result = connect_to(default_resolver(), name, 80);
    CHECK(!result.connected);
    CHECK(result.error.find("cannot resolve " + name) != std::string::npos);
    CHECK(!connect_to(default_resolver(), "", 80).connected);
    CHECK(!connect_to(default_resolver(), std::string("localhost\0x", 11), 80).connected);
  }

  TEST_CASE("a resolver that throws is heard") {
    class Failing final : public Resolver {
     public:
      Task<std::vector<Address>> resolve(std::string, std::uint16_t) override {
        throw std::system_error(std::make_error_code(std::errc::io_error), "no names today");
      }
    };
    IOLoop loop;
    Failing resolver;
    CHECK(connect_to(resolver, "host", 80).error.find("no names today") != std::string::npos);
  }

  TEST_CASE("the next address is tried at once when one refuses") {
    IOLoop loop;
    const RawSocket server = RawSocket::listen_anywhere();
    const Result result = connect_to({Address("127.0.0.1", test_support::refused_port()),
                                      Address("127.0.0.2", test_support::refused_port()),
                                      Address("127.0.0.1", server.port())});
    CHECK(result.connected);
    CHECK(server.accept().receive_all() == "x");
  }

  TEST_CASE("the next address is tried after 0.3 seconds when one does not answer") {
    const HangingPort hanging;
    const RawSocket server = RawSocket::listen_anywhere();
    const auto [before, after] = around_head_start(
        {Address("127.0.0.1", hanging.port()), Address("127.0.0.1", server.port())}, 300ms);
    CHECK(!before);
    CHECK(after);
  }

  TEST_CASE("the families take turns") {
    if (!ipv6_works()) {
      MESSAGE("skipped: this machine has no IPv6");
      return;
    }
    const HangingPort hanging;
    const RawSocket server = RawSocket::listen_anywhere(16, true);
    const Address silent("127.0.0.1", hanging.port());
    const auto [before, after] =
        around_head_start({silent, silent, Address("::1", server.port())}, 300ms);
    CHECK(!before);
    CHECK(after);
  }

  TEST_CASE("the last failure is told, with its address") {
    IOLoop loop;
    const std::uint16_t port = test_support::refused_port();
    const Result result = connect_to(
        {Address("127.0.0.2", test_support::refused_port()), Address("127.0.0.1", port)});
    CHECK(result.code == std::errc::connection_refused);
    CHECK(result.error.find("127.0.0.1:" + std::to_string(port)) != std::string::npos);
  }

  TEST_CASE("an override that is no numeric address is refused") {
    IOLoop loop;
    const RawSocket server = RawSocket::listen_anywhere();
    CHECK(connect_to({Address("localhost", server.port())}).error ==
          "'localhost' is not a numeric address");
    CHECK(connect_to({Address("127.0.0.1", test_support::refused_port()),
                      Address("localhost", server.port())})
              .error == "'localhost' is not a numeric address");
  }

  TEST_CASE("a resolver that finds no address at all is an error") {
    class Empty final : public Resolver {
     public:
      Task<std::vector<Address>> resolve(std::string, std::uint16_t) override {
        co_return std::vector<Address>();
      }
    };
    IOLoop loop;
    CHECK(connect_to(std::vector<Address>()).error.find("cannot resolve host") !=
          std::string::npos);
    Empty against_its_promise;
    const Result result = connect_to(against_its_promise, "host", 80);
    CHECK(result.error.find("no address of host is known") != std::string::npos);
    CHECK(result.code == std::errc::host_unreachable);
  }

  TEST_CASE("a client may go away before its task has begun") {
    IOLoop loop;
    const RawSocket server = RawSocket::listen_anywhere();
    Task<IOStream> connecting = TCPClient().connect("127.0.0.1", server.port());
    IOStream stream = loop.run_sync(std::move(connecting), time_limit(10s));
    stream.close();
    CHECK(server.accept().receive_all().empty());
  }

  TEST_CASE("cancelling ends the attempts and closes their sockets") {
    IOLoop loop;
    const HangingPort hanging;
    const int descriptors = test_support::open_descriptors();
    OverrideResolver resolver(
        {{"host", {Address("127.0.0.1", hanging.port()), Address("127.0.0.1", hanging.port())}}});
    CancelSource scope;
    Result result;
    const Started attempt(connect(&resolver, "host", 0, &result), scope.token());
    testing::run_ready(loop);
    CHECK(test_support::open_descriptors() == descriptors + 1);
    scope.cancel();
    testing::run_ready(loop);
    CHECK(result.cancelled);
    CHECK(test_support::open_descriptors() == descriptors);
  }

  TEST_CASE("destroying the coroutine ends the attempts too") {
    IOLoop loop;
    const HangingPort hanging;
    const int descriptors = test_support::open_descriptors();
    OverrideResolver resolver(
        {{"host", {Address("127.0.0.1", hanging.port()), Address("127.0.0.1", hanging.port())}}});
    Result result;
    Started attempt(connect(&resolver, "host", 0, &result));
    testing::run_ready(loop);
    attempt.destroy();
    CHECK(test_support::open_descriptors() == descriptors);
    testing::run_ready(loop);
    CHECK(!result.connected);
    CHECK(!result.cancelled);
  }

  TEST_CASE("a time limit ends an attempt") {
    IOLoop loop;
    const HangingPort hanging;
    const auto attempt = [](std::uint16_t port) -> Task<> {
      TCPClient client;
      auto limited = gen::with_timeout(20ms, client.connect("127.0.0.1", port));
      IOStream stream = co_await std::move(limited);
    };
    CHECK_THROWS_AS(loop.run_sync(attempt(hanging.port())), TimeoutError);
  }

  TEST_CASE("the losers of a race are closed") {
    const int descriptors = test_support::open_descriptors();
    {
      const HangingPort hanging;
      const RawSocket server = RawSocket::listen_anywhere();
      CHECK(around_head_start(
                {Address("127.0.0.1", hanging.port()), Address("127.0.0.1", server.port())}, 300ms)
                .second);
    }
    CHECK(test_support::open_descriptors() == descriptors);
  }

  TEST_CASE("a thousand connections in a row leave nothing behind") {
    IOLoop loop;
    TCPServer server([](IOStream, const Address&) -> Task<> { return {}; });
    server.listen(0, "127.0.0.1");
    const auto many = [](std::uint16_t port) -> Task<int> {
      TCPClient client;
      int count = 0;
      for (; count < 1000; ++count) {
        IOStream stream = co_await client.connect("127.0.0.1", port);
        const std::string nothing = co_await stream.read_until_close();
        if (!nothing.empty()) break;
      }
      co_return count;
    };
    CHECK(loop.run_sync(many(server.port()), time_limit(30s)) == 1000);
  }
}
