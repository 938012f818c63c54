#include <funnel/assert.h>
#include <funnel/callback_stream.h>
#include <funnel/log.h>

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

#include <fmt/format.h>

// Accepting on a loop. Given.

namespace funnel {

namespace {

constexpr int most_at_once = 64;  // clients in a turn; the others on the loop wait, too

Socket spare_descriptor() { return Socket(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

CallbackServer::CallbackServer(ClientCallback callback)
    : loop_(IOLoop::current()), callback_(std::move(callback)), spare_(spare_descriptor()) {}

void CallbackServer::listen(std::uint16_t port, const std::string& address) {
  FUNNEL_ASSERT(!listener_.is_open(), "a server was told to listen twice");
  listener_ = listen_tcp(port, address);
  ::fcntl(listener_.fd(), F_SETFL, O_NONBLOCK);
  watch();
}

void CallbackServer::watch() {
  loop_.add_handler(listener_.fd(), IOLoop::read, [this](int, unsigned) { accept_some(); });
}

void CallbackServer::pause() {
  loop_.remove_handler(listener_.fd());
  pause_ = loop_.call_later(std::chrono::seconds(1), [this] { watch(); });
}

void CallbackServer::stop() noexcept {
  if (!listener_.is_open()) return;
  loop_.remove_timeout(pause_);
  loop_.remove_handler(listener_.fd());
  listener_.close();
}

void CallbackServer::accept_some() {
  for (int i = 0; i < most_at_once && listener_.is_open(); ++i) {
    if (!accept_one()) return;
  }
}

bool CallbackServer::accept_one() {
  Socket client(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (client.is_open()) {
    try {
      callback_(std::move(client));
    } catch (const std::exception& error) {
      log::app().error(fmt::format("Exception in a server's callback: {}", error.what()));
    }
    return true;
  }
  const int error = errno;
  if (error == EAGAIN) return false;
  if (error == EINTR || error == ECONNABORTED || error == EPROTO) return true;  // the next one
  if ((error == EMFILE || error == ENFILE) && turn_away()) return true;
  log::gen().error(fmt::format("a server accepts nobody for a second: {}",
                               std::generic_category().message(error)));
  pause();
  return false;
}

/// There is no descriptor left. The client stays in the queue, and the poller reports it again at
/// once, and again: the loop would turn on the spot. So a descriptor is kept in reserve: closing it
/// makes room to accept the client and close it.
bool CallbackServer::turn_away() {
  log::gen().warning("a server has no descriptor left: it turns clients away");
  spare_.close();
  Socket client(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  const bool accepted = client.is_open();
  client.close();
  spare_ = spare_descriptor();
  return accepted;
}

}  // namespace funnel
