#include <funnel/iostream.h>

#include <doctest/doctest.h>

#include <funnel/cancel.h>
#include <funnel/tcpserver.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "../core/support.h"
#include "streams.h"
#include "tcpserver_support.h"

using namespace funnel;
using namespace net_tests;
using core_tests::Started;

namespace {

/// Runs `breach` in a child process, which must abort with `message`.
void check_aborts(const std::string& message, const std::function<void()>& breach) {
  const core_tests::ChildEnd end = core_tests::run_in_child(breach);
  CAPTURE(end.errors);
  CHECK(end.aborted());
  CHECK(end.errors.find(message) != std::string::npos);
}

Task<> fill(IOStream* stream) { co_await stream->fill(); }

#if FUNNEL_CHECK_THREADS
void check_refused_elsewhere(const std::string& function,
                             const std::function<void(Pair& pair, TCPServer& server)>& call) {
  check_aborts("funnel: " + function + " was called from a thread that does not run the loop", [&] {
    Pair pair(Kind::memory);
    TCPServer server(echo_once);
    std::thread([&] { call(pair, server); }).join();
  });
}
#endif

}  // namespace

TEST_SUITE("net.iostream.contracts") {
  TEST_CASE("a second read at the same time") {
    check_aborts("a second read was started", [] {
      Pair pair(Kind::memory);
      std::string result;
      const Started first(read_into(pair.a.read_bytes(1), &result));
      const Started second(read_into(pair.a.read_bytes(1), &result));
    });
  }

  TEST_CASE("a stream is destroyed while a read waits on it") {
    check_aborts("destroyed while a read waits", [] {
      auto pair = std::make_unique<Pair>(Kind::memory);
      std::string result;
      const Started reader(read_into(pair->a.read_bytes(1), &result));
      pair.reset();
    });
  }

  TEST_CASE("a stream is closed and destroyed before its read has resumed") {
    check_aborts("destroyed while a read waits", [] {
      IOLoop loop;
      std::optional<Ends> ends(connect_memory({}));
      std::string result;
      const Started reader(read_into(ends->first.read_bytes(1), &result));
      ends->first.close();
      ends.reset();
      testing::run_ready(loop);
    });
  }

  TEST_CASE("a stream may be destroyed once the reads have resumed, or were given up") {
    IOLoop loop;
    for (const bool give_up : {false, true}) {
      std::optional<Ends> ends(connect_memory({}));
      std::string result;
      Started reader(read_into(ends->first.read_bytes(1), &result));
      ends->first.close();
      give_up ? reader.destroy() : testing::run_ready(loop);
      ends.reset();
      CHECK(result == (give_up ? "waiting" : "closed"));
    }
  }

  TEST_CASE("a stream may be destroyed before a read that was cancelled has resumed") {
    IOLoop loop;
    for (const bool give_up : {false, true}) {
      std::optional<Ends> ends(connect_memory({}));
      CancelSource scope;
      std::string result;
      Started reader(read_into(ends->first.read_bytes(1), &result), scope.token());
      scope.cancel();
      ends.reset();
      give_up ? reader.destroy() : testing::run_ready(loop);
      CHECK(result == (give_up ? "waiting" : "cancelled"));
    }
  }

  TEST_CASE("bytes are written after close_write") {
    check_aborts("after close_write", [] {
      Pair pair(Kind::memory);
      pair.a.close_write();
      (void)pair.a.write("x");
    });
  }

  TEST_CASE("more is consumed or detached than is buffered") {
    check_aborts("more was consumed than is buffered", [] {
      Pair pair(Kind::memory);
      pair.a.consume(1);
    });
    check_aborts("more was detached than is buffered", [] {
      Pair pair(Kind::memory);
      (void)pair.a.detach(1);
    });
  }

  TEST_CASE("bytes are consumed or detached under a read that has looked at them") {
    const auto with_reader = [](const std::function<void(IOStream&)>& breach) {
      Pair pair(Kind::memory);
      (void)pair.b.write("hello");
      pair.fill(pair.a);
      const Started filler(fill(&pair.a));
      breach(pair.a);
    };
    check_aborts("consumed while a read waits",
                 [&] { with_reader([](IOStream& stream) { stream.consume(1); }); });
    check_aborts("detached while a read waits",
                 [&] { with_reader([](IOStream& stream) { (void)stream.detach(1); }); });
  }

#if FUNNEL_CHECK_THREADS
  TEST_CASE("a stream or a server is used on another thread") {
    check_refused_elsewhere("IOStream::write",
                            [](Pair& pair, TCPServer&) { (void)pair.a.write("x"); });
    check_refused_elsewhere("IOStream::read",
                            [](Pair& pair, TCPServer&) { const Started filler(fill(&pair.a)); });
    check_refused_elsewhere("IOStream::read", [](Pair& pair, TCPServer&) {
      std::string result;
      const Started reader(read_into(pair.a.read_bytes(0), &result));  // it need not wait
    });
    check_refused_elsewhere("IOStream::flush",
                            [](Pair& pair, TCPServer&) { (void)pair.a.flush(); });
    check_refused_elsewhere("IOStream::close_write",
                            [](Pair& pair, TCPServer&) { pair.a.close_write(); });
    check_refused_elsewhere("IOStream::close", [](Pair& pair, TCPServer&) { pair.a.close(); });
    check_refused_elsewhere("IOStream::set_close_callback",
                            [](Pair& pair, TCPServer&) { pair.a.set_close_callback([] {}); });
    check_refused_elsewhere("TCPServer::listen",
                            [](Pair&, TCPServer& server) { server.listen(0, "127.0.0.1"); });
    check_refused_elsewhere("TCPServer::handle_stream", [](Pair& pair, TCPServer& server) {
      server.handle_stream(std::move(pair.a), Address());
    });
    check_refused_elsewhere("TCPServer::stop", [](Pair&, TCPServer& server) { server.stop(); });
    check_refused_elsewhere("TCPServer::cancel_connections",
                            [](Pair&, TCPServer& server) { server.cancel_connections(); });
  }
#endif
}
