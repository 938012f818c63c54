#pragma once

#include <funnel/byte_queue.h>
#include <funnel/ioloop.h>
#include <funnel/result.h>
#include <funnel/socket.h>
#include <funnel/stream_error.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

/// @file
/// Connections that never block: what you ask for arrives in a callback.

namespace funnel {

/// The limits of a stream.
class StreamOptions {
 public:
  /// The limit of what may be buffered for one read, in bytes; a read that needs more closes the
  /// stream.
  std::size_t max_buffer_size = std::size_t{100} * 1024 * 1024;
  /// The limit of what may wait to be sent, in bytes; above it the stream closes.
  std::size_t max_write_buffer_size = std::size_t{100} * 1024 * 1024;
};

namespace detail {

/// A read that waits for bytes.
struct PendingRead {
  enum class Kind { until, bytes, some, until_close, fill };

  Kind kind;
  std::string delimiter;
  std::size_t count;  // the limit of `until`, the bytes of `bytes`, the most of `some`
  std::function<void(Result<std::string>)> callback;
  std::uint64_t number = 0;
  std::size_t searched = 0;  // no delimiter begins before this
  // How it has ended, from then until its callback is called: the number of bytes, or the error.
  std::optional<Result<std::size_t>> outcome = std::nullopt;
};

}  // namespace detail

/// A connection whose reads and writes call back (Tornado's `IOStream` before it had futures).
///
/// **Callbacks** run on the loop, never inside the call that they belong to.
///
/// **Reading.** One read at a time; a second one aborts. While no read waits, nothing is received:
/// an application that does not ask makes the peer wait, and memory does not grow. When the peer
/// closes its side, a read that what is left does not suffice for gets
/// `StreamError::end_of_stream`, and the bytes stay for another; writing goes on.
///
/// **Writing.** What the kernel does not take at once waits in a queue. `done` is called soon,
/// unless more than 64 KiB wait (the *high watermark*); then it is called when no more than 32 KiB
/// are left (the *low watermark*). Write on from there, and the queue stays small however slow the
/// peer is. It does not mean that everything was sent: `close_write` tells that.
///
/// **Errors** are codes, and are noticed while a read or a write waits: `StreamError`,
/// `std::errc::connection_reset` and so on, and `std::errc::no_buffer_space` beyond a limit. An
/// error closes the stream, and everything that waits on it gets the code.
///
/// **Lifetime.** A stream is shared, and closes when nobody holds it any more; none of its
/// callbacks runs after that. A callback may let go of it. The read that waits does not hold it:
/// its callback does, if it should. When the loop is destroyed, the stream is closed and its
/// callbacks are dropped, with whatever they hold. The loop's thread only.
class CallbackStream : public std::enable_shared_from_this<CallbackStream> {
 public:
  using ReadCallback = std::function<void(Result<std::string>)>;
  using DoneCallback = std::function<void(std::error_code)>;
  using ConnectCallback = std::function<void(Result<std::shared_ptr<CallbackStream>>)>;

  static constexpr std::size_t high_watermark = std::size_t{64} * 1024;
  static constexpr std::size_t low_watermark = high_watermark / 2;

  /// Takes over a connection, on the current loop, and makes it non-blocking.
  /// The socket must be open, and bytes that a blocking read has buffered in it are lost.
  static std::shared_ptr<CallbackStream> create(Socket socket, StreamOptions options = {});
  /// Connects to `port` of `address`, which is numeric: looking up a name would block the loop
  /// (chapter 4 has a client that does it elsewhere). Calls back with the stream or the error;
  /// `std::errc::timed_out` after `timeout`. Throws `std::invalid_argument` if it is not numeric.
  static void connect(const std::string& address, std::uint16_t port, ConnectCallback callback,
                      Duration timeout = std::chrono::seconds(20), StreamOptions options = {});
  CallbackStream(const CallbackStream&) = delete;
  CallbackStream& operator=(const CallbackStream&) = delete;
  ~CallbackStream();

  /// Reads up to and including `delimiter`, which is not empty. If it does not end within
  /// `max_bytes`, closes the stream.
  void read_until(std::string delimiter, std::size_t max_bytes, ReadCallback callback);
  /// Reads exactly `count` bytes; with `partial`, what is there: at least one, at most `count`.
  void read_bytes(std::size_t count, ReadCallback callback, bool partial = false);
  /// Reads until the peer closes its side.
  void read_until_close(ReadCallback callback);
  /// Withdraws the read whose callback was not called yet, if there is one. Its callback is
  /// dropped, and its bytes stay for the next read.
  void cancel_read() noexcept;

  /// Sends `bytes`, which are copied where they have to wait.
  void write(std::string_view bytes, DoneCallback done = {});
  /// Closes this side once everything is sent, and calls `done` then; the peer reads the end, and
  /// reading goes on.
  void close_write(DoneCallback done = {});
  /// Closes the stream at once. What was not sent is dropped. Harmless twice.
  void close() { close(make_error_code(StreamError::closed)); }
  bool closed() const noexcept { return !socket_.is_open(); }
  /// Calls `callback` once, when the stream has closed, on whichever side, with the reason. The
  /// peer's end alone closes nothing.
  void set_close_callback(DoneCallback callback);

  /// Tells how many bytes wait to be sent.
  std::size_t queued() const noexcept { return queue_.size(); }
  /// Returns the descriptor; -1 once closed.
  int fd() const noexcept { return socket_.fd(); }

  // For protocols that parse in place:

  /// Waits until more is buffered than now. Calls back with no error, or as a read would.
  void fill(DoneCallback callback);
  /// Returns what was received and not consumed; valid until `consume` or until the loop turns. It
  /// may be 64 KiB more than the limit.
  std::string_view buffered() const noexcept { return buffer_.view(); }
  /// Drops the first `count` bytes of what is buffered. Not while a read waits (checked).
  void consume(std::size_t count);

 private:
  using Kind = detail::PendingRead::Kind;

  CallbackStream(IOLoop& loop, Socket socket, StreamOptions options);

  void start_read(detail::PendingRead read);
  /// What the loop calls when the socket is ready. Given.
  void ready(unsigned events);
  /// Tells whether a read waits for bytes. Given.
  bool is_reading() const noexcept { return read_ && !read_->outcome; }
  /// Receives once, and appends what came to `buffer_`. At the peer's end sets `ended_`. When
  /// nothing is there, or for a signal, does nothing; any other error closes the stream.
  void receive();
  /// Looks whether the read that waits can end with what is buffered or with the peer's end, and
  /// ends it then with `finish_read`.
  void try_read();
  /// Returns how many buffered bytes the read gets; empty if they do not suffice yet. `most` is how
  /// many it may need: lower it for `until`. What is given after your part closes the stream when
  /// that is passed.
  std::optional<std::size_t> satisfied(detail::PendingRead& read);
  /// Ends the read, with so many of the buffered bytes or with an error: in the next turn its
  /// callback is called. Given.
  void finish_read(Result<std::size_t> outcome);
  void call_back(std::uint64_t number);

  /// Sends once as much of the queue as the kernel takes. For EAGAIN or a signal does nothing; any
  /// other error closes the stream.
  void send_queue();
  /// Closes this side; everything is sent. Given.
  void end_writing();
  /// Posts the `done` of each write that waits, unless the queue has been above the high watermark
  /// and is not down to the low one yet.
  void release_writers();
  /// Calls a callback in the next turn, unless the stream is gone by then. Given.
  void post(std::function<void()> callback);
  void post_done(DoneCallback done, std::error_code error);
  /// Returns what the loop has to watch the socket for: to read while a read waits and the peer has
  /// not ended, to write while something is queued; 0 for nothing.
  unsigned wanted() const noexcept;
  /// Tells the loop. Given.
  void update_interest();
  void watch(unsigned events);
  /// The loop is being destroyed: drops what waits. Given.
  void loop_is_gone() noexcept;
  /// Closes for this reason; everything that waits gets the code. Given.
  void close(std::error_code reason);

  IOLoop* loop_;  // null once it is gone
  std::uint64_t at_loops_end_ = 0;
  Socket socket_;
  StreamOptions options_;
  unsigned interest_ = 0;     // what the loop watches; 0: it has no handler
  detail::ByteQueue buffer_;  // received, and not asked for yet
  bool ended_ = false;        // the peer has closed its side
  std::optional<detail::PendingRead> read_;
  std::uint64_t last_read_ = 0;
  detail::ByteQueue queue_;          // not sent yet
  std::deque<DoneCallback> writes_;  // those that wait, in the order of the calls
  bool above_high_ = false;          // the queue was above the high watermark, not at the low since
  bool closing_write_ = false;       // `close_write` was called
  DoneCallback write_closed_;        // its `done`
  std::error_code reason_;           // why it is closed
  DoneCallback close_callback_;
};

/// Accepts clients and hands each to a callback, as a socket that does not block.
///
/// When the process runs out of descriptors, it closes waiting clients instead of turning on the
/// spot: the poller would report them again and again. Where even that fails, it accepts nobody for
/// a second. The loop's thread only.
class CallbackServer {
 public:
  using ClientCallback = std::function<void(Socket client)>;

  /// Calls `callback` on the loop, for each client. It may stop the server, and must not destroy
  /// it. An exception from it is logged and ends that client only.
  explicit CallbackServer(ClientCallback callback);
  CallbackServer(const CallbackServer&) = delete;
  CallbackServer& operator=(const CallbackServer&) = delete;
  ~CallbackServer() { stop(); }

  /// Listens, once (checked); throws as `listen_tcp` does.
  void listen(std::uint16_t port, const std::string& address = "127.0.0.1");
  /// Returns the port.
  std::uint16_t port() const { return local_port(listener_); }
  /// Accepts no more clients. Harmless twice.
  void stop() noexcept;

 private:
  void accept_some();
  /// Accepts one client; returns false if there is none.
  bool accept_one();
  /// Accepts a client and closes it; returns false if that is not possible either.
  bool turn_away();
  void watch();
  /// Accepts nobody for a second.
  void pause();

  IOLoop& loop_;
  Timeout pause_;
  ClientCallback callback_;
  Socket listener_;
  Socket spare_;  // a descriptor in reserve, see `turn_away`
};

}  // namespace funnel
