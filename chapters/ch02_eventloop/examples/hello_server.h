#pragma once

#include <funnel/callback_stream.h>
#include <funnel/ioloop.h>
#include <funnel/socket.h>

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

/// Says hello over HTTP, to all clients at once: the server of chapter 1, with a handler for each
/// connection instead of a thread. What a blocking server has in its local variables, such as the
/// part of a request that has come so far, lies in a map here.
class HelloServer {
 public:
  /// Calls `on_request` with the head of each request, before the response is sent.
  explicit HelloServer(std::uint16_t port, std::function<void(std::string_view)> on_request = {})
      : on_request_(std::move(on_request)),
        server_([this](funnel::Socket client) { add(std::move(client)); }) {
    server_.listen(port);
    fmt::print("listening on http://127.0.0.1:{}/ (Ctrl-C ends it)\n", server_.port());
    std::fflush(stdout);
  }
  HelloServer(const HelloServer&) = delete;
  HelloServer& operator=(const HelloServer&) = delete;
  ~HelloServer() {
    for (const auto& [fd, client] : clients_) loop_.remove_handler(fd);
  }

  /// Returns how many clients have been served.
  int served() const noexcept { return served_; }

 private:
  struct Client {
    int number;
    funnel::Socket socket;
    std::string head;  // what has come of it
  };

  static constexpr std::size_t max_head_bytes = 16'384;

  void add(funnel::Socket socket) {
    const int fd = socket.fd();
    fmt::print("client {} is here\n", ++last_number_);
    std::fflush(stdout);
    clients_.emplace(fd, Client{last_number_, std::move(socket), {}});
    loop_.add_handler(fd, funnel::IOLoop::read, [this](int ready, unsigned) { receive(ready); });
  }

  void receive(int fd) {
    Client& client = clients_.at(fd);
    std::array<char, 4096> block{};
    const ssize_t count = ::recv(fd, block.data(), block.size(), 0);
    if (count < 0 && errno == EAGAIN) return;  // ready is a hint only
    if (count <= 0) return remove(fd, "has left");
    client.head.append(block.data(), static_cast<std::size_t>(count));
    if (client.head.find("\r\n\r\n") != std::string::npos) {
      if (on_request_) on_request_(client.head);
      respond(client);
      ++served_;
      return remove(fd, "is served");
    }
    if (client.head.size() > max_head_bytes) remove(fd, "has sent too much");
  }

  static void respond(const Client& client) {
    const std::string body = client.head.starts_with("HEAD ") ? "" : "Hello, world!\n";
    const std::string response = fmt::format(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\n"
        "Content-Length: 14\r\nConnection: close\r\n\r\n{}",
        body);
    // A new connection has room for so few bytes; task 2.6 sends more than fits.
    ::send(client.socket.fd(), response.data(), response.size(), MSG_NOSIGNAL);
  }

  void remove(int fd, const char* why) {
    fmt::print("client {} {}\n", clients_.at(fd).number, why);
    std::fflush(stdout);
    loop_.remove_handler(fd);  // first: the number may be another client's once it is closed
    clients_.erase(fd);
  }

  funnel::IOLoop& loop_ = funnel::IOLoop::current();
  std::function<void(std::string_view)> on_request_;
  std::map<int, Client> clients_;
  int last_number_ = 0;
  int served_ = 0;
  funnel::CallbackServer server_;
};
