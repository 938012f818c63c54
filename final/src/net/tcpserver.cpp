#include <funnel/tcpserver.h>

#include "core/loop_core.h"
#include "core/task_scope.h"
#include "net/sockets.h"
#include "net/stream_core.h"
#include "net/tcp_transport.h"

#include <funnel/log.h>

#include <fmt/format.h>

#include <exception>
#include <optional>
#include <utility>

namespace funnel {

namespace {

constexpr Duration pause_after_failure = std::chrono::milliseconds(100);

}  // namespace

class TCPServer::Impl {
 public:
  Impl(StreamHandler handler, std::size_t max_connections, IOStreamOptions stream_options)
      : loop_(IOLoop::current()),
        handler_(std::move(handler)),
        max_connections_(max_connections),
        stream_options_(stream_options),
        connections_(loop_) {
    loop_.core().resource_added();
    connections_.set_end_callback([this] { resume_accepting(); });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    stop();
    connections_.destroy_all();
    loop_.core().resource_removed();
  }

  void listen(std::uint16_t port, const std::string& address, const ListenOptions& options) {
    loop_.core().check_thread("TCPServer::listen");
    auto bound = detail::bind_sockets(loop_.core().context(), port, address, options.backlog,
                                      options.reuse_port);
    for (detail::TcpAcceptor& acceptor : bound) {
      listeners_.push_back(std::make_shared<Listener>(std::move(acceptor)));
      accept(listeners_.back());
    }
  }

  std::vector<Address> addresses() const {
    std::vector<Address> result;
    for (const auto& listener : listeners_) {
      result.push_back(detail::to_address(listener->acceptor.local_endpoint()));
    }
    return result;
  }

  void handle_stream(IOStream stream, Address peer) {
    loop_.core().check_thread("TCPServer::handle_stream");
    Task<> connection;
    try {
      connection = handler_(std::move(stream), std::move(peer));
    } catch (...) {
      detail::log_exception("Exception in stream handler", std::current_exception());
    }
    connections_.start(std::move(connection));
  }

  void stop() noexcept {
    loop_.core().check_thread("TCPServer::stop");
    loop_.remove_timeout(pause_);
    for (const auto& listener : listeners_) {
      listener->open = false;
      asio::error_code ignored;
      listener->acceptor.close(ignored);
    }
    listeners_.clear();
    paused_ = false;
    accept_error_.clear();
  }

  void cancel_connections() noexcept {
    loop_.core().check_thread("TCPServer::cancel_connections");
    connections_.cancel();
  }

  std::size_t connections() const noexcept { return connections_.size(); }

 private:
  struct Listener {
    explicit Listener(detail::TcpAcceptor a) : acceptor(std::move(a)) {}
    detail::TcpAcceptor acceptor;
    bool open = true;
    bool accepting = false;
    std::optional<detail::TcpSocket> waiting;  // accepted, but there was no room
  };

  bool full() const noexcept {
    return max_connections_ != 0 && connections_.size() >= max_connections_;
  }

  void accept(std::shared_ptr<Listener> listener) {
    if (listener->accepting || full()) return;  // `resume_accepting` goes on later
    if (auto socket = std::exchange(listener->waiting, std::nullopt)) {
      accepted(std::move(*socket));
      // The handler may have ended at once, and then `resume_accepting` has been here already.
      if (listener->accepting || !listener->open || full()) return;
    }
    listener->accepting = true;
    detail::TcpAcceptor& acceptor = listener->acceptor;
    // The completion of a listener that was closed meanwhile must not touch the server.
    acceptor.async_accept([this, listener = std::move(listener)](const asio::error_code& error,
                                                                 detail::TcpSocket socket) {
      listener->accepting = false;
      if (!listener->open) return;
      if (error) {
        accept_failed(detail::standard_error(error));
      } else {
        accept_error_.clear();
        detail::close_on_exec(socket.native_handle());
        if (full()) {
          listener->waiting = std::move(socket);  // another listener took the last place
        } else {
          accepted(std::move(socket));
        }
      }
      // The connection's coroutine has run: it may have stopped the server.
      if (listener->open && !paused_) accept(listener);
    });
  }

  void accepted(detail::TcpSocket socket) {
    asio::error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return;  // gone already
    auto* transport = new detail::TcpTransport(std::move(socket));
    IOStream stream(std::make_unique<detail::StreamCore>(
        loop_, detail::TransportRef<detail::TcpTransport>(transport), stream_options_));
    handle_stream(std::move(stream), detail::to_address(endpoint));
  }

  // Of a client that gave up while it waited Asio tells nothing. What comes here would come again
  // at once: out of descriptors or memory, as a rule.
  void accept_failed(const std::error_code& error) {
    if (error != std::exchange(accept_error_, error)) {
      log::gen().error(fmt::format("cannot accept connections for a moment: {}", error.message()));
    }
    if (std::exchange(paused_, true)) return;
    pause_ = loop_.call_later(pause_after_failure, [this] {
      paused_ = false;
      resume_accepting();
    });
  }

  void resume_accepting() {
    if (paused_) return;
    // By index: a connection's coroutine may stop the server.
    for (std::size_t i = 0; i < listeners_.size(); ++i) accept(listeners_[i]);
  }

  IOLoop& loop_;
  StreamHandler handler_;
  std::size_t max_connections_;
  IOStreamOptions stream_options_;
  detail::TaskScope connections_;
  std::vector<std::shared_ptr<Listener>> listeners_;
  bool paused_ = false;
  Timeout pause_;
  std::error_code accept_error_;  // since the last connection; logged once
};

TCPServer::TCPServer(StreamHandler handler, std::size_t max_connections,
                     IOStreamOptions stream_options)
    : impl_(std::make_unique<Impl>(std::move(handler), max_connections, stream_options)) {}
TCPServer::~TCPServer() = default;

void TCPServer::listen(std::uint16_t port, const std::string& address, ListenOptions options) {
  impl_->listen(port, address, options);
}

std::vector<Address> TCPServer::addresses() const { return impl_->addresses(); }

std::uint16_t TCPServer::port() const {
  const std::vector<Address> all = addresses();
  return all.empty() ? std::uint16_t{0} : all.front().port;
}

void TCPServer::handle_stream(IOStream stream, Address peer) {
  impl_->handle_stream(std::move(stream), std::move(peer));
}

void TCPServer::stop() { impl_->stop(); }
void TCPServer::cancel_connections() noexcept { impl_->cancel_connections(); }
std::size_t TCPServer::connections() const noexcept { return impl_->connections(); }

}  // namespace funnel
