// The same as echo, with Asio:
//
//     asio_echo [--port N]    N from 0 (any free port) to 65535; 8001 if it is not given

#include <asio.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "arguments.h"

namespace {

using asio::ip::tcp;

// #region session
class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) {}

  void read() {
    socket_.async_read_some(asio::buffer(block_),
                            [self = shared_from_this()](std::error_code error, std::size_t count) {
                              if (!error) self->write(count);
                            });
  }

 private:
  void write(std::size_t count) {
    asio::async_write(socket_, asio::buffer(block_, count),
                      [self = shared_from_this()](std::error_code error, std::size_t) {
                        if (!error) self->read();
                      });
  }

  tcp::socket socket_;
  std::array<char, 65'536> block_{};  // Asio keeps no bytes: they must stay where they are
};

void accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](std::error_code error, tcp::socket socket) {
    if (!error) std::make_shared<Session>(std::move(socket))->read();
    accept(acceptor);
  });
}

void serve(std::uint16_t port) {
  asio::io_context loop;
  tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), port});
  fmt::print("listening on 127.0.0.1:{} (Ctrl-C ends it)\n", acceptor.local_endpoint().port());
  std::fflush(stdout);
  accept(acceptor);
  loop.run();
}
// #endregion session

}  // namespace

int main(int argc, char** argv) { return run_server("asio_echo", argc, argv, serve); }
