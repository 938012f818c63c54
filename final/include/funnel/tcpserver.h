#pragma once

#include <funnel/iostream.h>
#include <funnel/netutil.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace funnel {

/// How a server listens.
class ListenOptions {
 public:
  /// How many connections the system keeps until they are accepted; it has a limit of its
  /// own (`net.core.somaxconn`).
  int backlog = 4096;
  /// Lets several processes listen on one port, and the system spread the connections.
  bool reuse_port = false;
};

/// Accepts connections and runs a coroutine for each (`tornado.tcpserver.TCPServer`).
///
/// **Lifetime.** The server owns those coroutines: its destructor stops listening and
/// destroys them, which closes their streams; so never call it from one of them, but through
/// `IOLoop::add_callback`. The loop must outlive it.
///
/// **Errors.** An exception from a handler is logged and ends its connection only. While
/// connections cannot be accepted, because descriptors run out for example, the server tries again
/// ten times a second and logs that once.
///
/// **Threads.** The loop's only. `listen`, `handle_stream`, `stop` and `cancel_connections` abort
/// on another, as `IOLoop` says; the rest does not look.
class TCPServer {
 public:
  using StreamHandler = std::function<Task<>(IOStream stream, Address peer)>;

  /// Serves on the current loop. At most `max_connections` at a time (0: no limit); the
  /// others wait in the system's queue.
  explicit TCPServer(StreamHandler handler, std::size_t max_connections = 10'000,
                     IOStreamOptions stream_options = {});
  TCPServer(const TCPServer&) = delete;
  TCPServer& operator=(const TCPServer&) = delete;
  ~TCPServer();

  /// Listens on `port` (0: any free one, the same for all addresses) of `address`, a
  /// numeric address; of all interfaces if it is empty, IPv6 too where the system has it.
  /// Throws `std::system_error` if that cannot be, with the address in its message, and
  /// `std::invalid_argument` if the address is not numeric. May be called again for more
  /// ports.
  void listen(std::uint16_t port, const std::string& address = {}, ListenOptions options = {});
  /// Returns the addresses that it listens on.
  std::vector<Address> addresses() const;
  /// Returns the port of the first address; 0 when it does not listen.
  std::uint16_t port() const;
  /// Serves a stream that came from elsewhere, as if it had been accepted, even above
  /// `max_connections`. The handler runs up to its first wait inside the call, which may come from
  /// a coroutine too.
  void handle_stream(IOStream stream, Address peer);
  /// Stops listening. Connections go on.
  void stop();
  /// Asks all connections to stop: what they wait for throws `Cancelled`, which is not logged if
  /// they let it pass. Later connections are served.
  void cancel_connections() noexcept;
  /// Returns how many connections are being served, those of `handle_stream` among them.
  std::size_t connections() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace funnel
