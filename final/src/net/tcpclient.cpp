#include <funnel/tcpclient.h>

#include "core/loop_core.h"
#include "net/sockets.h"
#include "net/stream_core.h"
#include "net/tcp_transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace funnel {

namespace {

using detail::TcpSocket;

constexpr Duration head_start = std::chrono::milliseconds(300);

/// Reorders addresses so that the families take turns, beginning with the first's.
std::vector<Address> alternate_families(const std::vector<Address>& addresses) {
  std::vector<Address> first;
  std::vector<Address> second;
  for (const Address& address : addresses) {
    (address.is_ipv6() == addresses.front().is_ipv6() ? first : second).push_back(address);
  }
  std::vector<Address> result;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) result.push_back(first[i]);
    if (i < second.size()) result.push_back(second[i]);
  }
  return result;
}

class ConnectRace;

/// Attempts to connect, which may overlap. Completions hold the state; `race` is null once
/// the coroutine that waits has gone.
struct Attempts {
  explicit Attempts(ConnectRace& owner) : race(&owner) {}
  ConnectRace* race;
};

/// Waits for the first attempt that succeeds.
class ConnectRace final : private detail::Waiter, private detail::TimerNode {
 public:
  ConnectRace(IOLoop& loop, const std::vector<Address>& addresses) : loop_(&loop) {
    for (const Address& address : addresses) endpoints_.push_back(detail::to_endpoint(address));
  }
  ConnectRace(const ConnectRace&) = delete;
  ConnectRace& operator=(const ConnectRace&) = delete;
  ConnectRace(ConnectRace&& other) noexcept
      : detail::Waiter(std::move(other)),
        loop_(other.loop_),
        endpoints_(std::move(other.endpoints_)) {}
  ConnectRace& operator=(ConnectRace&&) = delete;
  ~ConnectRace() { withdraw(); }

  bool await_ready() const noexcept { return false; }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    if (!suspend(handle, handle.promise())) return false;
    attempts_ = std::make_shared<Attempts>(*this);
    start_next();
    return true;
  }
  TcpSocket await_resume() {
    throw_if_cancelled();
    if (winner_) return std::move(*winner_);
    throw std::system_error(
        error_, fmt::format("cannot connect to {}", detail::to_address(failed_).to_string()));
  }

 private:
  void start_next() {
    if (next_ == endpoints_.size()) return;
    const asio::ip::tcp::endpoint endpoint = endpoints_[next_++];
    ++running_;
    auto socket = std::make_shared<TcpSocket>(loop_->core().context());
    sockets_.push_back(socket);
    asio::error_code not_open;
    socket->open(endpoint.protocol(), not_open);  // `async_connect` tries again, and reports
    if (!not_open) detail::close_on_exec(socket->native_handle());
    socket->async_connect(endpoint,
                          [attempts = attempts_, socket, endpoint](const asio::error_code& error) {
                            if (attempts->race == nullptr) return;
                            attempts->race->ended(*socket, endpoint, detail::standard_error(error));
                          });
    if (next_ < endpoints_.size()) {
      set_timer(*loop_, *this, time_after(loop_->time(), head_start));
    }
  }

  void timer_fired() override { start_next(); }

  void ended(TcpSocket& socket, const asio::ip::tcp::endpoint& endpoint,
             const std::error_code& error) {
    --running_;
    if (!error) {
      winner_ = std::move(socket);
    } else {
      error_ = error;
      failed_ = endpoint;
      cancel_timer(*loop_, *this);
      start_next();
      if (running_ > 0) return;
    }
    withdraw();
    resume_now();
  }

  void withdraw() noexcept override {
    if (!attempts_) return;
    cancel_timer(*loop_, *this);
    attempts_->race = nullptr;
    attempts_.reset();
    for (const auto& socket : sockets_) {
      asio::error_code ignored;
      socket->close(ignored);
    }
    sockets_.clear();
  }

  IOLoop* loop_;
  std::vector<asio::ip::tcp::endpoint> endpoints_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  std::shared_ptr<Attempts> attempts_;
  std::vector<std::shared_ptr<TcpSocket>> sockets_;
  std::optional<TcpSocket> winner_;
  std::error_code error_;  // of the last attempt that failed
  asio::ip::tcp::endpoint failed_;
};

Task<IOStream> resolve_and_connect(Resolver* resolver, std::string host, std::uint16_t port,
                                   IOStreamOptions options) {
  const std::vector<Address> found = co_await resolver->resolve(host, port);
  if (found.empty()) {
    throw std::system_error(std::make_error_code(std::errc::host_unreachable),
                            fmt::format("no address of {} is known", host));
  }
  IOLoop& loop = IOLoop::current();
  ConnectRace race(loop, alternate_families(found));
  TcpSocket socket = co_await std::move(race);
  auto* transport = new detail::TcpTransport(std::move(socket));
  co_return IOStream(std::make_unique<detail::StreamCore>(
      loop, detail::TransportRef<detail::TcpTransport>(transport), options));
}

}  // namespace

Task<IOStream> TCPClient::connect(std::string host, std::uint16_t port, IOStreamOptions options) {
  return resolve_and_connect(resolver_, std::move(host), port, options);
}

}  // namespace funnel
