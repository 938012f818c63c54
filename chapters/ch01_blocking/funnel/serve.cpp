#include <funnel/socket.h>

#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <list>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

// Two servers. One serves a client, then the next: a slow client makes all others wait. The other
// has a thread for each client, and pays for it with a stack each, and with everything that threads
// must not do at the same time.

namespace funnel {

namespace {

using Handler = std::function<void(Socket&)>;

constexpr std::chrono::milliseconds pause(100);

void report(std::string_view what, std::string_view why) {
  // Not fmt::print, which throws when nobody reads stderr any more.
  std::fputs(fmt::format("{}: {}\n", what, why).c_str(), stderr);
}

/// Tells whether the listener still listens; after `shutdown` it does not.
bool is_listening(const Socket& listener) {
  int listening = 0;
  socklen_t size = sizeof listening;
  ::getsockopt(listener.fd(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
  return listening != 0;
}

/// Tells whether the system has run out of what a new client needs, descriptors or memory. That
/// passes when other clients leave. A server that ended because of it could be brought down by
/// anyone who opens enough connections.
bool is_shortage(const std::error_code& error) {
  return error == std::errc::too_many_files_open ||
         error == std::errc::too_many_files_open_in_system || error == std::errc::no_buffer_space ||
         error == std::errc::not_enough_memory;
}

/// Waits for the next client; empty once the listener was shut down. During a shortage it tries
/// again after each `pause`, and reports it once per call. Given.
std::optional<Socket> next_client(Socket& listener) {
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
      // Trying again at once would fail again, in a loop that only burns the processor.
      std::this_thread::sleep_for(pause);
    }
  }
}

/// Calls the handler. An exception from it is reported, and ends this client, not the server.
void handle(Socket& client, const Handler& handler) {
  // #region task 1.5
  try {
    handler(client);
  } catch (const std::exception& error) {
    report("a client was dropped", error.what());
  } catch (...) {
    report("a client was dropped", "the handler threw something that is not a std::exception");
  }
  // #endregion task 1.5
}

/// The clients that are being served, with a thread each.
class ClientThreads {
 public:
  ClientThreads(const Handler& handler, std::size_t most) : handler_(handler), most_(most) {}
  ClientThreads(const ClientThreads&) = delete;
  ClientThreads& operator=(const ClientThreads&) = delete;
  /// Shuts down all clients and waits for their threads, however the server has ended.
  ~ClientThreads();

  /// Waits until there is room for one more. Returns false if the listener was shut down meanwhile;
  /// nothing notifies it of that, so it looks every `pause`. Given.
  bool wait_for_room(const Socket& listener);
  /// Serves a client in a thread of its own. If the system starts no thread (`std::thread` throws a
  /// `std::system_error`), reports that and closes the client.
  void start(Socket socket);

 private:
  struct Client {
    explicit Client(Socket its_socket) : socket(std::move(its_socket)) {}
    Socket socket;
    std::thread thread;
    bool done = false;  // its thread is at its last line
  };

  void serve(Client& client);
  void remove_done();

  const Handler& handler_;
  const std::size_t most_;
  // Guards what follows. A client's thread uses its own socket without it, but closes it under it.
  std::mutex mutex_;
  std::condition_variable client_done_;
  std::list<Client> clients_;  // a list, so that a Client never moves
};

void ClientThreads::start(Socket socket) {
  // #region task 1.5
  const std::lock_guard lock(mutex_);
  Client& client = clients_.emplace_back(std::move(socket));
  try {
    client.thread = std::thread([this, &client] { serve(client); });
  } catch (const std::exception& error) {
    report("no thread for a client", error.what());
    clients_.pop_back();
  }
  // #endregion task 1.5
}

/// What a client's thread does: calls the handler; then, under the lock, closes the socket and sets
/// `done`; then notifies `client_done_`, for which `wait_for_room` waits.
void ClientThreads::serve(Client& client) {
  // #region task 1.5
  handle(client.socket, handler_);
  {
    // The destructor may be shutting down sockets: it must not meet one that is just being closed.
    const std::lock_guard lock(mutex_);
    client.socket.close();
    client.done = true;
  }
  client_done_.notify_one();
  // #endregion task 1.5
}

/// Joins and drops the clients that are done. The caller holds the mutex. Given.
void ClientThreads::remove_done() {
  for (Client& client : clients_) {
    if (client.done) client.thread.join();  // it is at its last line, so this hardly waits
  }
  clients_.remove_if([](const Client& client) { return client.done; });
}

bool ClientThreads::wait_for_room(const Socket& listener) {
  std::unique_lock lock(mutex_);
  for (;;) {
    remove_done();
    if (clients_.size() < most_) return true;
    if (!is_listening(listener)) return false;
    // A thread can wait for a condition variable or for a socket, never for both. So it looks at
    // the listener now and then. The next chapter has a better way.
    client_done_.wait_for(lock, pause);
  }
}

ClientThreads::~ClientThreads() {
  // #region task 1.5
  {
    const std::lock_guard lock(mutex_);
    for (Client& client : clients_) client.socket.shutdown();  // wakes a thread blocked in recv
  }
  // Not under the lock, which the threads need for their last lines. By now nobody changes the
  // list.
  for (Client& client : clients_) client.thread.join();
  // #endregion task 1.5
}

}  // namespace

void serve_sequentially(Socket& listener, const Handler& handler) {
  // #region task 1.5
  while (std::optional<Socket> client = next_client(listener)) handle(*client, handler);
  // #endregion task 1.5
}

void serve_threads(Socket& listener, const Handler& handler, std::size_t max_threads) {
  if (max_threads == 0) throw std::invalid_argument("serve_threads needs at least one thread");
  // #region task 1.5
  ClientThreads threads(handler, max_threads);
  while (threads.wait_for_room(listener)) {
    std::optional<Socket> client = next_client(listener);
    if (!client) return;
    threads.start(*std::move(client));
  }
  // #endregion task 1.5
}

}  // namespace funnel
