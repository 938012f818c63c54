// A chat: each line goes to everybody else. The first line is the name.
//
//     chat [--port N]         N from 0 (any free port) to 65535; 8001 if it is not given
//
// Join it with curl telnet://127.0.0.1:8001, from two terminals. Ctrl-C ends it.

#include <funnel/callback_stream.h>
#include <funnel/ioloop.h>
#include <funnel/result.h>
#include <funnel/signals.h>
#include <funnel/socket.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "arguments.h"

namespace {

constexpr std::size_t longest_line = 1000;

/// Returns a line without its end, and without bytes that could move the cursor of a terminal.
std::string printable(const std::string& line) {
  std::string text;
  for (const char byte : line) {
    const auto code = static_cast<unsigned char>(byte);
    if (code >= 0x20 && code != 0x7F) text += byte;
  }
  return text;
}

class Chat {
 public:
  explicit Chat(std::uint16_t port)
      : server_([this](funnel::Socket socket) { welcome(std::move(socket)); }) {
    server_.listen(port);
    fmt::print("listening on 127.0.0.1:{} (Ctrl-C ends it)\n", server_.port());
    std::fflush(stdout);
  }

 private:
  struct Member {
    explicit Member(funnel::Socket socket)
        : stream(funnel::CallbackStream::create(std::move(socket), limits())) {}

    /// A member who has not taken 100 KB that others wrote is disconnected: keeping more would cost
    /// memory, and waiting would make all the others wait.
    static funnel::StreamOptions limits() {
      funnel::StreamOptions options;
      options.max_write_buffer_size = 100'000;
      return options;
    }

    std::shared_ptr<funnel::CallbackStream> stream;
    std::string name;  // empty until it is given
  };

  void welcome(funnel::Socket socket) {
    const int number = ++last_number_;
    Member& member = members_.emplace(number, std::move(socket)).first->second;
    member.stream->set_close_callback(
        [this, number](std::error_code error) { leave(number, error.message()); });
    member.stream->write("What is your name?\n");
    read(number);
  }

  void read(int number) {
    members_.at(number).stream->read_until("\n", longest_line,
                                           [this, number](const funnel::Result<std::string>& line) {
                                             if (line) return got(number, printable(*line));
                                             leave(number, line.error().message());
                                           });
  }

  void got(int number, const std::string& text) {
    Member& member = members_.at(number);
    if (member.name.empty()) {
      member.name = text.empty() ? fmt::format("guest {}", number) : text.substr(0, 40);
      tell_others(number, fmt::format("{} has joined", member.name));
    } else {
      tell_others(number, fmt::format("{}: {}", member.name, text));
    }
    read(number);
  }

  void leave(int number, const std::string& why) {
    const auto found = members_.find(number);
    if (found == members_.end()) return;
    const std::string name = found->second.name;
    members_.erase(found);  // destroys the stream: none of its callbacks comes any more
    if (!name.empty()) tell_others(number, fmt::format("{} has left: {}", name, why));
  }

  void tell_others(int number, const std::string& text) {
    fmt::print("{}\n", text);
    std::fflush(stdout);
    for (auto& [other, member] : members_) {
      if (other != number && !member.name.empty()) member.stream->write(text + "\n");
    }
  }

  std::map<int, Member> members_;
  int last_number_ = 0;
  funnel::CallbackServer server_;
};

void serve(std::uint16_t port) {
  funnel::IOLoop loop;
  const funnel::SignalHandler at_ctrl_c({SIGINT, SIGTERM}, [&loop](int) { loop.stop(); });
  const Chat chat(port);
  loop.start();
  fmt::print("the chat is over\n");
}

}  // namespace

int main(int argc, char** argv) { return run_server("chat", argc, argv, serve); }
