#include <funnel/httpserver.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "net/stream_core.h"
#include "net/transport.h"
#include "raw_client.h"

using namespace funnel;
using namespace raw;

// How the server uses its transport: what a client cannot see.

namespace {

/// Notes what is asked of it; completes a read when the test gives it bytes.
class NotingTransport final : public detail::Transport {
 public:
  void start_read(char* data, std::size_t size) override {
    notes.emplace_back("read");
    data_ = data;
    size_ = size;
  }
  void start_wait_readable() override { notes.emplace_back("wait"); }
  void cancel_read() override {
    notes.emplace_back("cancel");
    IOLoop::current().add_callback([this] {
      if (sink_ != nullptr) {
        sink_->read_done(std::make_error_code(std::errc::operation_canceled), 0);
      }
    });
  }
  std::size_t write_some(std::string_view first, std::string_view second,
                         std::error_code&) override {
    notes.push_back("write " + std::string(first) + std::string(second));
    return first.size() + second.size();
  }
  void start_wait_writable() override {}
  bool peer_gone() noexcept override { return false; }
  bool input_waiting() noexcept override { return false; }
  void close_write() override {}
  void close() noexcept override {}

  void give(std::string_view bytes) {
    const std::size_t count = std::min(bytes.size(), size_);
    std::memcpy(data_, bytes.data(), count);
    sink_->read_done({}, count);
  }
  std::vector<std::string> take_notes() { return std::exchange(notes, {}); }

  std::vector<std::string> notes;

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

using Notes = std::vector<std::string>;
using TransportRef = detail::TransportRef<NotingTransport>;

/// Connects a transport that notes to the server.
TransportRef connect_noting(Fixture& fixture) {
  TransportRef transport(new NotingTransport);
  fixture.server->handle_stream(IOStream(std::make_unique<detail::StreamCore>(
                                    fixture.loop, TransportRef(transport), IOStreamOptions())),
                                Address("192.0.2.1", 4711));
  fixture.run();
  return transport;
}

const std::string get_a = get("/a");
const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nGET /a";

}  // namespace

TEST_SUITE("http.httpserver.transport") {
  TEST_CASE("answers to requests that came together leave in one write") {
    Fixture fixture(echo_app);
    TransportRef transport = connect_noting(fixture);
    CHECK(transport->take_notes() == Notes{"read"});
    transport->give(get_a + get_a + get_a);
    CHECK(transport->take_notes() == Notes{"write " + answer + answer + answer, "read"});
  }

  TEST_CASE("what is answered leaves before a handler waits") {
    Fixture fixture(echo_app);
    TransportRef transport = connect_noting(fixture);
    transport->take_notes();
    transport->give(get_a + "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n" + get_a);
    CHECK(transport->take_notes() == Notes{"write " + answer, "read"});
    fixture.run();
    const Notes notes = transport->take_notes();
    REQUIRE(notes.size() == 2);
    CHECK(notes[0].ends_with("GET /slow"));
    CHECK(notes[1] == "write " + answer);
  }

  TEST_CASE("a head and a large body leave in one write, without a copy") {
    const std::string body(20'000, 'x');
    Fixture fixture([&body](HTTPServerRequest&, HTTPConnection& connection) -> Task<> {
      connection.respond(200, "OK", "", body);
      return {};
    });
    TransportRef transport = connect_noting(fixture);
    transport->take_notes();
    transport->give(get_a);
    CHECK(transport->take_notes() ==
          Notes{"write HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n" + body, "read"});
  }

  TEST_CASE("a request that is answered at once costs one read and one write") {
    Fixture fixture(echo_app);
    TransportRef transport = connect_noting(fixture);
    transport->take_notes();
    for (int i = 0; i < 10; ++i) {
      transport->give(get_a);
      CHECK(transport->take_notes() == Notes{"write " + answer, "read"});
    }
  }

  TEST_CASE("a connection that stays idle waits without a buffer, and goes on") {
    Fixture fixture(echo_app);
    TransportRef transport = connect_noting(fixture);
    transport->give(get_a);
    transport->take_notes();
    fixture.pass(4s);
    CHECK(transport->take_notes() == Notes{"cancel", "wait"});
    fixture.pass(20s);
    CHECK(transport->take_notes().empty());
  }
}
