#pragma once

#include <funnel/error.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// @file
/// TCP with calls that block: whoever reads waits until something comes, and does nothing else
/// meanwhile.

namespace funnel {

/// Owns a socket: the operating system's number for it, its *descriptor*, and what was received
/// but not asked for yet.
///
/// **Reading.** TCP carries bytes, not messages: one `write_all` of the peer may arrive in many
/// pieces, many may arrive in one. So each read asks for what it needs, up to a delimiter or so
/// many bytes, and what came behind that is kept for the next read. A read that fails loses
/// nothing: what had come is kept too.
///
/// **Errors.** Reads and writes throw `StreamClosedError` when the connection is over: without a
/// code when the peer ended it in good order, with `std::errc::connection_reset`, `broken_pipe` and
/// so on when it broke, with `bad_file_descriptor` when this socket is not open. They throw
/// `TimeoutError` at the deadline. None of this closes the socket: its owner does, usually by
/// its destructor. Signals neither end a wait nor the process.
///
/// **Threads.** One thread at a time; only `shutdown` may be called from another while the socket
/// is used, and not while it is closed, moved or destroyed.
class Socket {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Makes a socket that is not open.
  Socket() noexcept = default;
  /// Takes over `fd`, which is closed with this object; -1 is no descriptor.
  explicit Socket(int fd) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  /// Takes everything from `other`, which is not open afterwards.
  Socket(Socket&& other) noexcept;
  /// The same; closes what this object had. Assigning a socket to itself changes nothing.
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  /// Returns the descriptor, which stays this object's; -1 when it is not open.
  int fd() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }
  /// Closes the socket. Harmless twice. What was received and not asked for is dropped.
  void close() noexcept;
  /// Ends the connection in both directions, without closing the descriptor: the peer reads an
  /// end, reads on this side too once they have taken what came before, and writes fail. On a
  /// listener it ends `accept`. A thread that is blocked in one of these wakes up: this is how
  /// another thread stops it. Harmless twice.
  void shutdown() noexcept;

  /// Sets the moment at which every wait on this socket ends with `TimeoutError`, whatever has
  /// been received or sent by then; none if it is empty, as at first. Afterwards only what was
  /// received before can be read.
  void set_deadline(std::optional<TimePoint> deadline) noexcept;
  /// Makes the next system call on this socket wait no longer than the deadline says: `option`
  /// is `SO_RCVTIMEO` for `recv` and `accept`, `SO_SNDTIMEO` for `send` and `connect`. When the
  /// time is over, that call fails with `EAGAIN` (`connect`: `EINPROGRESS`, or `EALREADY` if it was
  /// interrupted before). If it is over already, returns false and sets `errno` to `EAGAIN`, as
  /// the call would. Does nothing without a deadline.
  bool limit_wait(int option) const noexcept;

  /// Sends all of `bytes`, and waits as long as the peer takes no more. After an exception
  /// nobody knows how much was sent: close the socket. Without bytes it does nothing, and does not
  /// throw: not on a socket that is closed or broken, nor after the deadline.
  void write_all(std::string_view bytes);

  /// Reads up to and including `delimiter`, which is not empty. If it does not end within
  /// `max_bytes`, shuts the connection down and throws `StreamBufferFullError`.
  std::string read_until(std::string_view delimiter, std::size_t max_bytes);
  /// Reads exactly `count` bytes; the caller has checked that this is not too much to hold.
  std::string read_bytes(std::size_t count);
  /// Reads to the peer's end. If that is more than `max_bytes`, shuts the connection down and
  /// throws `StreamBufferFullError`.
  std::string read_until_close(std::size_t max_bytes);
  /// Returns what is there, or waits for at least one byte. Empty at the peer's end.
  std::string read_some();

 private:
  /// Receives once and appends what came to `received_`. Returns how many bytes that were; 0 at
  /// the peer's end.
  std::size_t receive();
  /// Removes the first `count` bytes from `received_` and returns them.
  std::string take(std::size_t count);

  int fd_ = -1;
  std::string received_;  // what came and was not asked for yet
  std::optional<TimePoint> deadline_;
};

/// Listens on `port` (0: any free one; `local_port` tells which) of `address`, a numeric IPv4 or
/// IPv6 address of this machine: 127.0.0.1 can be reached from this machine only, 0.0.0.0 stands
/// for all it has. Throws `std::system_error` with the address and the port in its message, and
/// `std::invalid_argument` if the address is not numeric.
Socket listen_tcp(std::uint16_t port, const std::string& address = "127.0.0.1");

/// Returns the port that this side of `socket` has. Throws `std::system_error`.
std::uint16_t local_port(const Socket& socket);

/// Waits for the next client of `listener`, until the listener's deadline if it has one. The client
/// has none: Linux copies the listener's time limits to it, and `set_deadline({})` removes them.
/// Clients that went away before their turn are skipped. Throws `StreamClosedError` once `listener`
/// was shut down, `TimeoutError` at its deadline, and `std::system_error` alone if it is not open
/// (`std::errc::bad_file_descriptor`), or if the system cannot give the client a descriptor
/// (`std::errc::too_many_files_open`): the client stays in the queue then, and a later call may get
/// it.
Socket accept(Socket& listener);

/// Connects to `port` of `host`, a name or a numeric address. A name may have several addresses:
/// they are tried in turn, and the first that answers is taken. Throws `std::system_error`, with
/// `host:port` in its message, if none does (the error is the last one's), or with the host if it
/// has no address, and `TimeoutError` when `deadline` is over. Looking up a name cannot be
/// interrupted: it may take longer than that. The socket that is returned has no deadline.
Socket connect_tcp(const std::string& host, std::uint16_t port,
                   std::optional<Socket::TimePoint> deadline = {});

/// Serves one client after the other: calls `handler` with it, in this thread, closes it, and
/// takes the next one. Returns once `listener.shutdown()` was called, by another thread or by
/// the handler, and the client that is being served has gone.
///
/// `handler` neither closes nor moves its client; it may shut it down. An exception from it is
/// printed to stderr and ends that client only. While the system has no descriptor for the next
/// client, tries again ten times a second. Otherwise throws what `accept` throws.
void serve_sequentially(Socket& listener, const std::function<void(Socket&)>& handler);

/// Serves all clients at the same time, each by `handler` in a thread of its own. While
/// `max_threads` of them are busy, the others wait in the system's queue; throws
/// `std::invalid_argument` if it is 0, for they would wait for ever. A client for whom the
/// system starts no thread is closed, which is printed to stderr. Once `listener.shutdown()` was
/// called, shuts down the clients that are being served, so that their reads and writes end,
/// waits for their threads, and returns.
///
/// `handler` runs in several threads at the same time. Otherwise as `serve_sequentially`.
void serve_threads(Socket& listener, const std::function<void(Socket&)>& handler,
                   std::size_t max_threads = 1000);

}  // namespace funnel
