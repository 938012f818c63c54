#pragma once

#include <doctest/doctest.h>

#include <funnel/error.h>
#include <funnel/gen.h>
#include <funnel/ioloop.h>
#include <funnel/iostream.h>
#include <funnel/tcpclient.h>
#include <funnel/tcpserver.h>
#include <funnel/testing.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "../../support/raw_socket.h"
#include "../../support/time_scale.h"
#include "net/memory_transport.h"
#include "net/stream_core.h"

/// @file
/// Two streams that are connected, in memory or by TCP, so that both do the same.

namespace net_tests {

using namespace std::chrono_literals;

enum class Kind { memory, tcp };

inline const char* name_of(Kind kind) { return kind == Kind::memory ? "memory" : "tcp"; }

using Ends = std::pair<funnel::IOStream, funnel::IOStream>;

inline Ends connect_memory(const funnel::IOStreamOptions& options,
                           funnel::detail::MemoryTransport::Faults faults = {}) {
  using Ref = funnel::detail::TransportRef<funnel::detail::MemoryTransport>;
  funnel::IOLoop& loop = funnel::IOLoop::current();
  Ref a(new funnel::detail::MemoryTransport(loop, faults));
  Ref b(new funnel::detail::MemoryTransport(loop, faults));
  funnel::detail::MemoryTransport::connect(*a, *b);
  const auto make = [&](Ref end) {
    return funnel::IOStream(
        std::make_unique<funnel::detail::StreamCore>(loop, std::move(end), options));
  };
  return {make(std::move(a)), make(std::move(b))};
}

inline funnel::Task<> hand_over(funnel::IOStream stream, std::optional<funnel::IOStream>* slot) {
  slot->emplace(std::move(stream));
  co_return;
}

inline Ends connect_tcp(const funnel::IOStreamOptions& options) {
  std::optional<funnel::IOStream> accepted;
  funnel::TCPServer server(
      [&accepted](funnel::IOStream stream, const funnel::Address&) {
        return hand_over(std::move(stream), &accepted);
      },
      0, options);
  server.listen(0, "127.0.0.1");
  funnel::TCPClient client;
  funnel::IOLoop& loop = funnel::IOLoop::current();
  funnel::IOStream a = loop.run_sync(client.connect("127.0.0.1", server.port(), options));
  while (!accepted) loop.run_sync([]() -> funnel::Task<> { co_await funnel::gen::sleep(1ms); }());
  return {std::move(a), std::move(*accepted)};
}

/// A loop and two connected streams.
class Pair {
 public:
  explicit Pair(Kind kind, const funnel::IOStreamOptions& options = {})
      : kind_(kind),
        ends_(kind == Kind::memory ? connect_memory(options) : connect_tcp(options)),
        a(ends_.first),
        b(ends_.second) {}

  /// Runs a read of one of the ends.
  std::string read(funnel::StreamRead operation) {
    return loop.run_sync(await(std::move(operation)), test_support::time_limit(10s));
  }
  bool fill(funnel::IOStream& stream) {
    return loop.run_sync(await_fill(&stream), test_support::time_limit(10s));
  }
  /// Waits for a future; throws what it failed with.
  void wait(funnel::Future<> future) {
    loop.run_sync(await_future(std::move(future)), test_support::time_limit(10s));
  }
  /// Lets everything happen that is under way.
  void settle() {
    loop.run_sync(pause(kind_ == Kind::memory ? 0ms : 10ms));
    funnel::testing::run_ready(loop);
  }

  static funnel::Task<std::string> await(funnel::StreamRead operation) {
    std::string bytes = co_await std::move(operation);
    co_return bytes;
  }

 private:
  static funnel::Task<bool> await_fill(funnel::IOStream* stream) {
    const bool more = co_await stream->fill();
    co_return more;
  }
  static funnel::Task<> await_future(funnel::Future<> future) { co_await future; }
  static funnel::Task<> pause(funnel::Duration time) { co_await funnel::gen::sleep(time); }

 public:
  funnel::IOLoop loop;

 private:
  Kind kind_;
  Ends ends_;

 public:
  funnel::IOStream& a;
  funnel::IOStream& b;
};

/// A loop and a stream whose peer is a plain socket, which can do what no stream of ours would.
class WithRawPeer {
 public:
  WithRawPeer()
      : server_([this](funnel::IOStream accepted, const funnel::Address&) {
          return hand_over(std::move(accepted), &stream_);
        }) {
    server_.listen(0, "127.0.0.1");
    peer.emplace(test_support::RawSocket::connect_to(server_.port()));
    while (!stream_) funnel::testing::run_ready(loop);
  }
  WithRawPeer(const WithRawPeer&) = delete;
  WithRawPeer& operator=(const WithRawPeer&) = delete;
  ~WithRawPeer() = default;

  funnel::IOStream& stream() { return *stream_; }

  funnel::IOLoop loop;
  std::optional<test_support::RawSocket> peer;

 private:
  std::optional<funnel::IOStream> stream_;
  funnel::TCPServer server_;
};

/// Notes how a read goes: what it gave, or `waiting`, `full`, `closed`, `error`, `cancelled`.
inline funnel::Task<> read_into(funnel::StreamRead operation, std::string* result) {
  *result = "waiting";
  try {
    std::string bytes = co_await std::move(operation);
    *result = bytes;
  } catch (const funnel::StreamBufferFullError&) {
    *result = "full";
  } catch (const funnel::StreamClosedError& error) {
    *result = error.code() ? "error" : "closed";
  } catch (const funnel::Cancelled&) {
    *result = "cancelled";
  }
}

/// Runs a test over memory and over TCP.
template <typename Test>
void over_each(Test test, const funnel::IOStreamOptions& options = {}) {
  for (const Kind kind : {Kind::memory, Kind::tcp}) {
    CAPTURE(std::string(name_of(kind)));
    Pair pair(kind, options);
    test(pair);
  }
}

}  // namespace net_tests
