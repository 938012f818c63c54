#pragma once

#include <funnel/detail/waiter.h>
#include <funnel/error.h>
#include <funnel/future.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace funnel {

namespace detail {
class StreamCore;
}

/// Ends an operation on a stream that is closed, or that closes meanwhile. `code()` says
/// why: `std::errc::connection_reset` and so on, or no error for an orderly end.
class StreamClosedError : public std::system_error {
 public:
  explicit StreamClosedError(std::error_code reason = {});
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  std::string what_;
};

/// Closes a stream whose peer sent no delimiter within the limit, or on which more lies unread
/// or unsent than the stream may hold.
class StreamBufferFullError : public StreamClosedError {
 public:
  StreamBufferFullError() : StreamClosedError(std::make_error_code(std::errc::no_buffer_space)) {}
};

/// The limits of a stream.
class IOStreamOptions {
 public:
  /// The most that may lie unread, or unsent, in memory, in bytes; a read or write that needs
  /// more closes the stream.
  std::size_t max_buffer_size = std::size_t{100} * 1024 * 1024;
  std::size_t max_write_buffer_size = std::size_t{100} * 1024 * 1024;
};

namespace detail {

/// A coroutine that waits for bytes.
class ReadOp : public Waiter {
 public:
  /// Whether what the buffer holds ends the read; asked whenever bytes came.
  virtual bool satisfied(StreamCore& core) = 0;
  /// Resumes the coroutine; only for the stream.
  void finish() { resume_now(); }

 protected:
  explicit ReadOp(StreamCore& core) noexcept : core_(&core) {}
  ReadOp(const ReadOp&) = delete;
  ReadOp& operator=(const ReadOp&) = delete;
  ReadOp(ReadOp&& other) noexcept : Waiter(std::move(other)), core_(other.core_) {}
  ReadOp& operator=(ReadOp&&) = delete;
  ~ReadOp() = default;

  bool ready();
  void begin();
  void withdraw() noexcept override;
  /// The first thing that `await_resume` does: throws if the read was cancelled, and lets the
  /// stream have another one.
  void resumed();

  StreamCore* core_;  // null once the read was withdrawn
};

}  // namespace detail

/// A read that is under way; see the functions of `IOStream`.
class [[nodiscard]] StreamRead final : private detail::ReadOp {
 public:
  enum class Kind { until, bytes, some, until_close };

  StreamRead(detail::StreamCore& core, Kind kind, std::string delimiter, std::size_t count)
      : detail::ReadOp(core), kind_(kind), delimiter_(std::move(delimiter)), count_(count) {}
  StreamRead(const StreamRead&) = delete;
  StreamRead& operator=(const StreamRead&) = delete;
  StreamRead(StreamRead&&) noexcept = default;
  StreamRead& operator=(StreamRead&&) = delete;
  ~StreamRead() { withdraw(); }

  bool await_ready() { return ready(); }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    return suspend(handle, handle.promise()) && (begin(), true);
  }
  std::string await_resume();

 private:
  bool satisfied(detail::StreamCore& core) override;

  Kind kind_;
  std::string delimiter_;
  std::size_t count_;         // the limit of `until`, the number of the others
  std::size_t searched_ = 0;  // no delimiter begins before this
  std::size_t result_ = 0;
  bool too_long_ = false;  // no delimiter within the limit
};

/// Waits for more bytes in the buffer; see `IOStream::fill`.
class [[nodiscard]] StreamFill final : private detail::ReadOp {
 public:
  explicit StreamFill(detail::StreamCore& core) noexcept;
  StreamFill(const StreamFill&) = delete;
  StreamFill& operator=(const StreamFill&) = delete;
  StreamFill(StreamFill&&) noexcept = default;
  StreamFill& operator=(StreamFill&&) = delete;
  ~StreamFill() { withdraw(); }

  bool await_ready() { return ready(); }
  template <typename Promise>
  bool await_suspend(std::coroutine_handle<Promise> handle) {
    return suspend(handle, handle.promise()) && (begin(), true);
  }
  bool await_resume();

 private:
  bool satisfied(detail::StreamCore& core) override;

  std::size_t had_;
};

/// A stream of bytes to a peer, in both directions, that never blocks
/// (`tornado.iostream.IOStream`).
///
/// **Reading.** One read at a time. A read that is cancelled or destroyed loses nothing: the
/// bytes stay for the next one. When the peer ends its side, reads take what is left and then
/// throw `StreamClosedError`; writing goes on until `close`.
///
/// **Writing** is eager: `write` sends or queues at the call. When the peer takes no more, writes
/// fail, but a read that waits goes on to the peer's end: it may have said why.
///
/// **Lifetime.** The stream owns its connection; its destructor closes it. It must outlive
/// the reads that were started on it, until they have resumed. Movable, except while a read
/// waits.
///
/// **Broken contracts** abort with a message: a second read while one waits, a stream destroyed
/// under a read, a write after `close_write`, `consume` or `detach` of more than is buffered or
/// while a read waits.
///
/// **Threads.** The loop's only. A read, `write`, `flush`, `close_write`, `close` and
/// `set_close_callback` abort on another, as `IOLoop` says; the rest does not look.
class IOStream {
 public:
  explicit IOStream(std::unique_ptr<detail::StreamCore> core) noexcept;
  IOStream(const IOStream&) = delete;
  IOStream& operator=(const IOStream&) = delete;
  IOStream(IOStream&&) noexcept;
  IOStream& operator=(IOStream&&) noexcept;
  ~IOStream();

  /// Reads up to and including `delimiter` (not empty). If it does not end within
  /// `max_bytes`, closes the stream and throws `StreamBufferFullError`.
  StreamRead read_until(std::string delimiter, std::size_t max_bytes = std::size_t{64} * 1024);
  /// Reads exactly `count` bytes; with `partial`, what is there, between one and `count`.
  StreamRead read_bytes(std::size_t count, bool partial = false);
  /// Reads to the peer's end, and then returns what remained, once.
  StreamRead read_until_close();

  /// Sends `data`, or queues what the system does not take at once; the bytes are copied
  /// where that is needed, so `data` may go away. The future is done when less than 64 KiB
  /// are queued, else when the queue has drained to half of that: awaiting it is how a
  /// sender keeps step with its peer, ignoring it is allowed. It fails with
  /// `StreamClosedError`, at once if the stream is closed, and with `StreamBufferFullError`
  /// above `max_write_buffer_size`, which closes the stream.
  Future<> write(std::string_view data);
  /// The same for two pieces in one go: a head and its body.
  Future<> write(std::string_view first, std::string_view second);
  /// Completes when everything that was written has been given to the system. Fails with
  /// `StreamClosedError` if the stream closes before, or closed for an error.
  Future<> flush();
  /// Ends the sending side, after what is queued; the peer reads an end. Harmless twice, but
  /// nothing may be written afterwards.
  void close_write();

  /// Closes at once; unsent bytes are dropped, waiting reads and writes end with
  /// `StreamClosedError` in a later turn, a waiting `fill` with false. Harmless twice.
  void close();
  bool closed() const noexcept;
  /// Tells whether the peer has ended its side or reset the connection, even behind bytes that
  /// were not read yet. For who does not read for a while (a read tells it too); a system call.
  bool peer_gone() const noexcept;
  /// Tells whether bytes, the peer's end or an error can be read right now, from the buffer or
  /// the system; a system call.
  bool input_waiting() const noexcept;
  /// Tells whether anything can still be sent: not after `close`, `close_write` or a write that
  /// failed.
  bool writable() const noexcept;
  /// Tells whether a read waits, and whether bytes are queued.
  bool reading() const noexcept;
  bool writing() const noexcept;
  /// Why the stream closed or ended; empty for an orderly end.
  std::error_code error() const noexcept;
  /// Calls `callback` once, in a later turn, when the stream has closed, whoever closed it. Nobody
  /// hears of a peer that has gone unless a read waits or bytes are queued, and the peer's end
  /// alone closes nothing. A later callback replaces one that has not run yet, an empty one takes
  /// it away, and destroying the stream does too, even if it had closed already.
  void set_close_callback(std::function<void()> callback);
  /// Switches Nagle's algorithm off (the state at first) or on.
  void set_nodelay(bool nodelay);

  // For protocols that parse in place:

  /// Waits until the buffer holds more than now. False at the peer's end, or when this side
  /// closes the stream, with the buffer as it was; then it is false every time. Throws
  /// `StreamClosedError` if the stream closed for an error.
  StreamFill fill();
  /// Returns what was read and not consumed; valid until the next call that reads, and
  /// across a `fill` only if it is taken again.
  std::string_view buffered() const noexcept;
  /// Drops the first `count` bytes of the buffer. Not while a read waits, which has looked at them.
  void consume(std::size_t count) noexcept;
  /// Drops the first `count` bytes but leaves them where they are: views into them stay valid
  /// as long as the result lives. Not while a read waits.
  std::shared_ptr<const char[]> detach(std::size_t count);
  /// How many bytes were given to the system so far.
  std::uint64_t bytes_written() const noexcept;
  /// Lets an idle stream wait without a buffer. Call it when nothing came for a while.
  void release_idle_buffer();

 private:
  std::unique_ptr<detail::StreamCore> core_;
};

/// Makes a stream on `fd`, an end of a pipe, a terminal or a socket
/// (`tornado.iostream.PipeIOStream`).
///
/// Takes over `fd`, whatever happens: it is closed with the stream, or if this throws. It becomes
/// close-on-exec and non-blocking; the latter is also true of every duplicate of it.
///
/// Reading an end that only writes, or writing one that only reads, closes the stream with
/// `EBADF`. Writing to a pipe that nobody reads closes it with `EPIPE`; there is no `SIGPIPE`.
/// A terminal whose other side is gone is at its end. `close_write` closes the write end
/// of a pipe, shuts down a socket, and does nothing to a terminal, which has no such thing.
///
/// Throws `std::system_error` if `fd` is not open (`EBADF`), or cannot be waited for: a file, a
/// directory, `/dev/null` (`EPERM`).
IOStream pipe_stream(int fd, IOStreamOptions options = {});

}  // namespace funnel
