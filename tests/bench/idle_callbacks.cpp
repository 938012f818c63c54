// The server of chapter 2 for `./learn bench idle`: a stream with callbacks for each client.

#include <funnel/callback_stream.h>
#include <funnel/ioloop.h>
#include <funnel/result.h>
#include <funnel/socket.h>

#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "idle_server.h"

namespace {

/// A client, kept alive by the callback that waits.
class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(funnel::Socket socket)
      : stream_(funnel::CallbackStream::create(std::move(socket))) {}

  void read() {
    stream_->read_until(
        "\n", longest_line,
        [self = shared_from_this()](const funnel::Result<std::string>& line) { self->got(line); });
  }

 private:
  void got(const funnel::Result<std::string>& line) {
    if (!line) return;  // the client has had enough: nothing holds this any more
    stream_->write(*line, [self = shared_from_this()](std::error_code error) {
      if (!error) self->read();
    });
  }

  std::shared_ptr<funnel::CallbackStream> stream_;
};

}  // namespace

int main(int argc, char** argv) {
  funnel::IOLoop loop;
  funnel::CallbackServer server(
      [](funnel::Socket socket) { std::make_shared<Session>(std::move(socket))->read(); });
  server.listen(port_from(argc, argv));
  say_port(server.port());
  loop.start();
}
