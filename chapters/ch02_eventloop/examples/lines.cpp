// Prints each line that it gets, with its client's name, which is the first line:
//
//     lines [--port N]        N from 0 (any free port) to 65535; 8001 if it is not given
//
// Send some with curl telnet://127.0.0.1:8001, from several terminals. Ctrl-C ends it.

#include <funnel/callback_stream.h>
#include <funnel/ioloop.h>
#include <funnel/result.h>
#include <funnel/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "arguments.h"

namespace {

constexpr std::size_t longest_line = 1000;

std::string without_line_end(const std::string& line) {
  return line.substr(0, line.find_last_not_of("\r\n") + 1);
}

void say(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

/// A client, kept alive by the read that waits: each callback holds it, and starts the next read.
class Client : public std::enable_shared_from_this<Client> {
 public:
  explicit Client(funnel::Socket socket)
      : stream_(funnel::CallbackStream::create(std::move(socket))) {}

  void read() {
    stream_->read_until(
        "\n", longest_line,
        [self = shared_from_this()](const funnel::Result<std::string>& line) { self->got(line); });
  }

 private:
  void got(const funnel::Result<std::string>& line) {
    if (!line) {
      say(fmt::format("{} is gone: {}", name_.empty() ? "somebody" : name_,
                      line.error().message()));
      return;  // nothing holds this any more, so it is destroyed, and with it the stream
    }
    const std::string text = without_line_end(*line);
    if (name_.empty()) {
      name_ = text.empty() ? "anonymous" : text;
      say(fmt::format("{} is here", name_));
    } else {
      say(fmt::format("{}: {}", name_, text));
    }
    read();
  }

  std::shared_ptr<funnel::CallbackStream> stream_;
  std::string name_;
};

void serve(std::uint16_t port) {
  funnel::IOLoop loop;
  funnel::CallbackServer server(
      [](funnel::Socket socket) { std::make_shared<Client>(std::move(socket))->read(); });
  server.listen(port);
  say(fmt::format("listening on 127.0.0.1:{} (Ctrl-C ends it)", server.port()));
  loop.start();
}

}  // namespace

int main(int argc, char** argv) { return run_server("lines", argc, argv, serve); }
