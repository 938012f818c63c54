#include <funnel/callback_stream.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <utility>

#include <funnel/addresses.h>

// Connecting without waiting: `connect` on a socket that does not block begins, and the socket
// becomes ready to write when it is decided. How it was decided, SO_ERROR tells.

namespace funnel {

namespace {

/// A connection that is being made; the loop's handler and timer own it.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  Attempt(Socket socket, CallbackStream::ConnectCallback callback, StreamOptions options)
      : loop_(IOLoop::current()),
        socket_(std::move(socket)),
        callback_(std::move(callback)),
        options_(options) {}

  void begin(const detail::SocketAddress& address, Duration timeout) {
    if (::connect(socket_.fd(), address.get(), address.size()) != 0 && errno != EINPROGRESS) {
      const std::error_code error(errno, std::generic_category());
      loop_.add_callback([self = shared_from_this(), error] { self->callback_(error); });
      return;
    }
    const auto self = shared_from_this();
    loop_.add_handler(socket_.fd(), IOLoop::write, [self](int, unsigned) { self->decided(); });
    timeout_ = loop_.call_later(timeout,
                                [self] { self->end(std::make_error_code(std::errc::timed_out)); });
  }

 private:
  void decided() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    loop_.remove_timeout(timeout_);
    end(std::error_code(error, std::generic_category()));
  }

  void end(std::error_code error) {
    const auto self = shared_from_this();  // the handler that is removed was our owner
    loop_.remove_handler(socket_.fd());
    if (error) return callback_(error);
    callback_(CallbackStream::create(std::move(socket_), options_));
  }

  IOLoop& loop_;
  Socket socket_;
  CallbackStream::ConnectCallback callback_;
  StreamOptions options_;
  Timeout timeout_;
};

}  // namespace

void CallbackStream::connect(const std::string& address, std::uint16_t port,
                             ConnectCallback callback, Duration timeout, StreamOptions options) {
  const detail::SocketAddress target = detail::numeric_address(address, port);
  Socket socket(::socket(target.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) {
    const std::error_code error(errno, std::generic_category());
    IOLoop::current().add_callback([callback = std::move(callback), error] { callback(error); });
    return;
  }
  std::make_shared<Attempt>(std::move(socket), std::move(callback), options)
      ->begin(target, timeout);
}

}  // namespace funnel
