// Sends back what it gets, to any number of clients at once:
//
//     echo [--port N]         N from 0 (any free port) to 65535; 8001 if it is not given

#include <funnel/callback_stream.h>
#include <funnel/ioloop.h>
#include <funnel/result.h>
#include <funnel/socket.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "arguments.h"

namespace {

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(funnel::Socket socket)
      : stream_(funnel::CallbackStream::create(std::move(socket))) {}

  void read() {
    stream_->read_bytes(
        65'536, [self = shared_from_this()](const auto& bytes) { self->got(bytes); }, true);
  }

 private:
  void got(const funnel::Result<std::string>& bytes) {
    if (!bytes) {  // the end: what still waits is sent before this is destroyed
      return stream_->close_write([self = shared_from_this()](std::error_code) {});
    }
    // The next read begins when there is room again: a client that sends and never reads has to
    // wait then, instead of filling our memory.
    stream_->write(*bytes, [self = shared_from_this()](std::error_code error) {
      if (!error) self->read();
    });
  }

  std::shared_ptr<funnel::CallbackStream> stream_;
};

void serve(std::uint16_t port) {
  funnel::IOLoop loop;
  funnel::CallbackServer server(
      [](funnel::Socket socket) { std::make_shared<Session>(std::move(socket))->read(); });
  server.listen(port);
  fmt::print("listening on 127.0.0.1:{} (Ctrl-C ends it)\n", server.port());
  std::fflush(stdout);
  loop.start();
}

}  // namespace

int main(int argc, char** argv) { return run_server("echo", argc, argv, serve); }
