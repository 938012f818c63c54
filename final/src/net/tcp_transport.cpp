#include "net/tcp_transport.h"

#include "net/sockets.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace funnel::detail {

TcpTransport::TcpTransport(TcpSocket socket) : socket_(std::move(socket)) {
  socket_.non_blocking(true);
  set_nodelay(true);
}

void TcpTransport::start_read(char* data, std::size_t size) {
  socket_.async_read_some(
      asio::buffer(data, size),
      [self = TransportRef<TcpTransport>(this)](const asio::error_code& error, std::size_t count) {
        if (self->sink_ == nullptr) return;
        self->sink_->read_done(
            error == asio::error::eof ? std::error_code{} : standard_error(error), count);
      });
}

void TcpTransport::start_wait_readable() {
  socket_.async_wait(TcpSocket::wait_read,
                     [self = TransportRef<TcpTransport>(this)](const asio::error_code&) {
                       if (self->sink_ != nullptr) self->sink_->readable();
                     });
}

void TcpTransport::cancel_read() {
  asio::error_code ignored;
  socket_.cancel(ignored);
}

// Tried on the socket itself before Asio hears of it: nearly always the system takes all,
// and an operation that completes through the loop costs an `epoll_wait`.
std::size_t TcpTransport::write_some(std::string_view first, std::string_view second,
                                     std::error_code& error) {
  std::array<iovec, 2> pieces{};
  pieces[0] = {const_cast<char*>(first.data()), first.size()};
  pieces[1] = {const_cast<char*>(second.data()), second.size()};
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = second.empty() ? 1 : 2;
  for (;;) {
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) error.assign(errno, std::system_category());
    return 0;
  }
}

void TcpTransport::start_wait_writable() {
  socket_.async_wait(TcpSocket::wait_write,
                     [self = TransportRef<TcpTransport>(this)](const asio::error_code&) {
                       if (self->sink_ != nullptr) self->sink_->writable();
                     });
}

bool TcpTransport::input_waiting() noexcept { return has_input(socket_.native_handle()); }

bool TcpTransport::peer_gone() noexcept { return peer_has_gone(socket_.native_handle()); }

void TcpTransport::close_write() {
  asio::error_code ignored;
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

void TcpTransport::close() noexcept {
  asio::error_code ignored;
  socket_.close(ignored);
}

void TcpTransport::set_nodelay(bool nodelay) {
  asio::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(nodelay), ignored);
}

}  // namespace funnel::detail
