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
/// TCP with calls that block: a thread that reads waits until something comes, and does nothing
/// else meanwhile.

namespace funnel {

/// Owns a socket: the operating system's number for it, its *file descriptor*, and the bytes that
/// were received but not asked for yet.
///
/// **Reading.** TCP carries bytes, not messages: one `write_all` of the peer may arrive in many
/// pieces, and many may arrive in one. So each read asks for what it needs, up to a delimiter or a
/// number of bytes, and whatever arrived after that stays buffered for the next read. A read that
/// fails loses nothing: what had arrived stays buffered too.
///
/// **Errors.** Reads and writes throw `StreamClosedError` when the connection is over: without a
/// code when the peer closed it in good order, with `std::errc::connection_reset`, `broken_pipe`
/// and so on when it broke, and with `bad_file_descriptor` when this socket is not open. They throw
/// `TimeoutError` at the deadline. None of this closes the socket: its owner does, usually through
/// the destructor. A signal ends neither a wait nor the process.
///
/// **Threads.** One thread at a time. Only `shutdown` may be called from another thread while the
/// socket is in use, but not while it is being closed, moved or destroyed.
class Socket {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Makes a socket that is not open.
  Socket() noexcept = default;
  /// Takes over `fd` and closes it with this object; -1 means no descriptor.
  explicit Socket(int fd) noexcept;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  /// Takes everything from `other`, which is not open afterwards.
  Socket(Socket&& other) noexcept;
  /// Closes what this object had, then takes everything from `other`, which is not open afterwards.
  /// Assigning a socket to itself changes nothing.
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  /// Returns the descriptor, which this object keeps; -1 when it is not open.
  int fd() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }
  /// Closes the socket and drops the bytes that were not asked for. Calling it twice is harmless.
  void close() noexcept;
  /// Ends the connection in both directions, without closing the descriptor. The peer reads the end
  /// of the stream; so do reads on this side, after the bytes that had arrived; writes fail. On a
  /// listener it ends `accept`. A thread that is blocked in one of these calls wakes up: this is
  /// how another thread stops it. Calling it twice, or on a socket that is not open, is harmless.
  void shutdown() noexcept;

  /// Sets the moment at which every wait on this socket ends with `TimeoutError`, whatever has been
  /// received or sent by then. Empty means no deadline, as at first. After the deadline only bytes
  /// that had been received before it can be read.
  void set_deadline(std::optional<TimePoint> deadline) noexcept;
  /// Makes the next system call on this socket wait no longer than the deadline: `option` is
  /// `SO_RCVTIMEO` for `recv` and `accept`, `SO_SNDTIMEO` for `send` and `connect`. When the time
  /// is up, that call fails with `EAGAIN` (`connect`: `EINPROGRESS`, or `EALREADY` if it was
  /// interrupted before). Returns false and sets `errno` to `EAGAIN`, as the call would, if the
  /// deadline has passed already. Does nothing without a deadline.
  bool limit_wait(int option) const noexcept;

  /// Sends all of `bytes`, waiting while the peer takes no more. After an exception nobody knows
  /// how much was sent: close the socket. Sending no bytes does nothing and never throws, even on a
  /// closed socket or after the deadline.
  void write_all(std::string_view bytes);

  /// Reads up to and including `delimiter`, which is not empty. If the delimiter does not end
  /// within the first `max_bytes`, shuts the connection down and throws `StreamBufferFullError`.
  std::string read_until(std::string_view delimiter, std::size_t max_bytes);
  /// Reads exactly `count` bytes. The caller has checked that memory can hold that many.
  std::string read_bytes(std::size_t count);
  /// Reads until the peer closes its side, and returns everything, buffered bytes included. As soon
  /// as that is more than `max_bytes`, shuts the connection down and throws
  /// `StreamBufferFullError`.
  std::string read_until_close(std::size_t max_bytes);
  /// Returns what is buffered, or else waits for at least one byte. Empty once the peer has closed
  /// its side.
  std::string read_some();

 private:
  /// Calls `recv` until it succeeds once, and appends what came to `received_`. Returns the number
  /// of bytes; 0 once the peer has closed its side.
  std::size_t receive();
  /// Removes the first `count` bytes from `received_` and returns them.
  std::string take(std::size_t count);

  int fd_ = -1;
  std::string received_;  // arrived, but not asked for yet
  std::optional<TimePoint> deadline_;
};

/// Listens on `port` of `address`, a numeric IPv4 or IPv6 address of this machine. Port 0 means any
/// free port; `local_port` tells which. 127.0.0.1 can be reached from this machine only; 0.0.0.0
/// stands for all its IPv4 addresses. Throws `std::system_error` with address and port in its
/// message, and `std::invalid_argument` if the address is not numeric.
Socket listen_tcp(std::uint16_t port, const std::string& address = "127.0.0.1");

/// Returns the port that this side of `socket` has. Throws `std::system_error`.
std::uint16_t local_port(const Socket& socket);

/// Waits for the next client of `listener`, until the listener's deadline if it has one. The client
/// itself has no deadline: Linux copies the listener's time limits to it, and `set_deadline({})`
/// removes them. Clients that disconnected before their turn are skipped.
///
/// Throws `StreamClosedError` once `listener` was shut down, `TimeoutError` at its deadline, and a
/// plain `std::system_error` if it is not open (`std::errc::bad_file_descriptor`) or if the system
/// has no descriptor for the client (`std::errc::too_many_files_open`). In the last case the client
/// stays in the queue, and a later call may get it.
Socket accept(Socket& listener);

/// Connects to `port` of `host`, a name or a numeric address. A name may have several addresses:
/// they are tried in turn, and the first that accepts wins. The socket that is returned has no
/// deadline.
///
/// Throws `std::system_error` with `host:port` in its message if no address accepts (with the error
/// of the last one) or with the host if it has no address, and `TimeoutError` at `deadline`.
/// Looking up a name cannot be interrupted and may take longer than that.
Socket connect_tcp(const std::string& host, std::uint16_t port,
                   std::optional<Socket::TimePoint> deadline = {});

/// Serves one client after the other: calls `handler` with the client, in this thread, closes the
/// client, and accepts the next one. Returns once `listener.shutdown()` was called, by another
/// thread or by the handler, and the handler that is running has returned.
///
/// `handler` neither closes nor moves its client; it may shut it down. An exception from it is
/// printed to stderr and ends only that client. While the system has no descriptor for the next
/// client, it tries again ten times a second. Any other exception of `accept` passes through.
void serve_sequentially(Socket& listener, const std::function<void(Socket&)>& handler);

/// Serves all clients at the same time, each in a thread of its own. While `max_threads` of them
/// are being served, the next ones wait in the system's queue. A client is closed, and a line
/// printed to stderr, if the system cannot start a thread for it. Once `listener.shutdown()` was
/// called, shuts down the clients that are being served, so that their reads and writes end, waits
/// for their threads, and returns. Throws `std::invalid_argument` if `max_threads` is 0.
///
/// `handler` runs in several threads at once. The rest is as for `serve_sequentially`.
void serve_threads(Socket& listener, const std::function<void(Socket&)>& handler,
                   std::size_t max_threads = 1000);

}  // namespace funnel
