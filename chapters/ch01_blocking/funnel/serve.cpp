#include <funnel/socket.h>

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <list>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

// Two servers. One serves a client, then the next: whoever is slow makes all others wait. The other
// has a thread for each client, and pays for it with a stack each and with everything that threads
// must not do at the same time.

namespace funnel {

namespace {

using Handler = std::function<void(Socket&)>;

constexpr std::chrono::milliseconds pause(100);

void report(std::string_view what, std::string_view why) {
  // Not fmt::print, which throws when nobody reads stderr any more.
  std::fputs(fmt::format("{}: {}\n", what, why).c_str(), stderr);
}

/// Tells whether `shutdown` was not called yet: afterwards a listener is no listener any more.
bool is_listening(const Socket& listener) {
  int listening = 0;
  socklen_t size = sizeof listening;
  ::getsockopt(listener.fd(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
  return listening != 0;
}

/// Tells whether the system lacks what a new client needs, descriptors or memory. That passes when
/// others go; a server that ends because of it can be ended by whoever opens many connections.
bool is_shortage(const std::error_code& error) {
  return error == std::errc::too_many_files_open ||
         error == std::errc::too_many_files_open_in_system || error == std::errc::no_buffer_space ||
         error == std::errc::not_enough_memory;
}

/// Waits for the next client. Empty once the listener was shut down. During a shortage it tries
/// again after each `pause`, and reports it once per call.
std::optional<Socket> next_client(Socket& listener) {
  // #region task 1.4
  bool reported = false;
  for (;;) {
    try {
      return accept(listener);
    } catch (const StreamClosedError&) {
      return std::nullopt;
    } catch (const std::system_error& error) {
      if (!is_shortage(error.code())) throw;
      if (!is_listening(listener)) return std::nullopt;
      if (!std::exchange(reported, true)) report("clients must wait", error.what());
      // At once, it would fail again, and again: a loop that does nothing but burn the processor.
      std::this_thread::sleep_for(pause);
    }
  }
  // #endregion task 1.4
}

// #region handle
/// Calls the handler. Whatever it throws is this client's misfortune, not the server's.
void handle(Socket& client, const Handler& handler) {
  // #region task 1.4
  try {
    handler(client);
  } catch (const std::exception& error) {
    report("a client was dropped", error.what());
  } catch (...) {
    report("a client was dropped", "the handler threw something that is no std::exception");
  }
  // #endregion task 1.4
}
// #endregion handle

/// The clients that are being served, with a thread each.
class ClientThreads {
 public:
  ClientThreads(const Handler& handler, std::size_t most) : handler_(handler), most_(most) {}
  ClientThreads(const ClientThreads&) = delete;
  ClientThreads& operator=(const ClientThreads&) = delete;
  /// Shuts down the clients and waits for their threads, however the server has ended.
  ~ClientThreads();

  /// Waits until there is room for one more. False if the listener was shut down meanwhile: nobody
  /// notifies of that, so it looks every `pause`.
  bool wait_for_room(const Socket& listener);
  /// Serves a client in a thread of its own; closes it if there is none to be had.
  void start(Socket socket);

 private:
  struct Client {
    explicit Client(Socket its_socket) : socket(std::move(its_socket)) {}
    Socket socket;
    std::thread thread;
    bool done = false;  // its thread will do nothing more
  };

  void serve(Client& client);
  void remove_done();

  const Handler& handler_;
  const std::size_t most_;
  std::mutex mutex_;  // guards all below, but lets a client's thread use its socket
  std::condition_variable client_done_;
  std::list<Client> clients_;  // a list, so that a Client stays where it is
};

void ClientThreads::start(Socket socket) {
  // #region task 1.4
  const std::lock_guard lock(mutex_);
  Client& client = clients_.emplace_back(std::move(socket));
  try {
    client.thread = std::thread([this, &client] { serve(client); });
  } catch (const std::exception& error) {
    report("no thread for a client", error.what());
    clients_.pop_back();
  }
  // #endregion task 1.4
}

/// What a client's thread does: calls the handler; then, under the lock, closes the socket and sets
/// `done`; then tells who waits for room.
void ClientThreads::serve(Client& client) {
  // #region task 1.4
  handle(client.socket, handler_);
  {
    // The destructor may be shutting down sockets: it must not meet one that is being closed.
    const std::lock_guard lock(mutex_);
    client.socket.close();
    client.done = true;
  }
  client_done_.notify_one();
  // #endregion task 1.4
}

/// Drops the clients that are done. The mutex is locked.
void ClientThreads::remove_done() {
  // #region task 1.4
  for (Client& client : clients_) {
    if (client.done) client.thread.join();  // it is at its last lines: this does not wait
  }
  clients_.remove_if([](const Client& client) { return client.done; });
  // #endregion task 1.4
}

bool ClientThreads::wait_for_room(const Socket& listener) {
  // #region task 1.4
  std::unique_lock lock(mutex_);
  for (;;) {
    remove_done();
    if (clients_.size() < most_) return true;
    if (!is_listening(listener)) return false;
    // A thread can wait for a condition variable or for a socket, never for both. So it looks at
    // the listener now and then. The next chapter has a better answer.
    client_done_.wait_for(lock, pause);
  }
  // #endregion task 1.4
}

ClientThreads::~ClientThreads() {
  // #region task 1.4
  {
    const std::lock_guard lock(mutex_);
    for (Client& client : clients_) client.socket.shutdown();  // wakes who is blocked in recv
  }
  // Not under the lock, which the threads need for their last lines. Nobody else is left to change
  // the list.
  for (Client& client : clients_) client.thread.join();
  // #endregion task 1.4
}

}  // namespace

// #region sequentially
void serve_sequentially(Socket& listener, const Handler& handler) {
  // #region task 1.4
  while (std::optional<Socket> client = next_client(listener)) handle(*client, handler);
  // #endregion task 1.4
}
// #endregion sequentially

void serve_threads(Socket& listener, const Handler& handler, std::size_t max_threads) {
  if (max_threads == 0) throw std::invalid_argument("serve_threads needs a thread at least");
  // #region task 1.4
  ClientThreads threads(handler, max_threads);
  while (threads.wait_for_room(listener)) {
    std::optional<Socket> client = next_client(listener);
    if (!client) return;
    threads.start(*std::move(client));
  }
  // #endregion task 1.4
}

}  // namespace funnel
