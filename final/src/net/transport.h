#pragma once

#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

namespace funnel::detail {

/// What carries a stream's bytes: TCP, memory.
///
/// Counted by references without atomics, because operations that are under way hold one:
/// a stream may go away before its operations have completed. One thread.
class Transport {
 public:
  /// Who hears of completions. Never called from inside one of the transport's functions.
  class Sink {
   public:
    /// `count` bytes are where `start_read` was told to put them; 0 without an error is the
    /// peer's end. `operation_canceled` after `cancel_read`.
    virtual void read_done(std::error_code error, std::size_t count) = 0;
    /// Something can be read (or an error or the end was seen).
    virtual void readable() = 0;
    virtual void writable() = 0;

   protected:
    ~Sink() = default;
  };

  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  void set_sink(Sink* sink) noexcept { sink_ = sink; }

  /// Reads once into `data`; one read or wait at a time.
  virtual void start_read(char* data, std::size_t size) = 0;
  /// Waits for something to read without a buffer.
  virtual void start_wait_readable() = 0;
  /// Ends the read that is under way; it completes all the same.
  virtual void cancel_read() = 0;
  /// Sends what fits now of `first` and then `second`; 0 if nothing does.
  virtual std::size_t write_some(std::string_view first, std::string_view second,
                                 std::error_code& error) = 0;
  virtual void start_wait_writable() = 0;
  /// Tells whether the peer has ended or reset the connection, read or not yet.
  virtual bool peer_gone() noexcept = 0;
  /// Tells whether bytes, an end or an error wait to be read.
  virtual bool input_waiting() noexcept = 0;
  virtual void close_write() = 0;
  /// Closes; operations complete, but nobody hears of it.
  virtual void close() noexcept = 0;
  virtual void set_nodelay(bool) {}

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

 protected:
  virtual ~Transport() = default;

  Sink* sink_ = nullptr;

 private:
  int references_ = 0;
};

/// A reference to a transport.
template <typename T>
class TransportRef {
 public:
  TransportRef() noexcept = default;
  explicit TransportRef(T* transport) noexcept : transport_(transport) { transport_->retain(); }
  TransportRef(TransportRef&& other) noexcept
      : transport_(std::exchange(other.transport_, nullptr)) {}
  template <typename U>
  TransportRef(TransportRef<U>&& other) noexcept : transport_(other.detach()) {}
  TransportRef(const TransportRef& other) noexcept : transport_(other.transport_) {
    if (transport_ != nullptr) transport_->retain();
  }
  TransportRef& operator=(const TransportRef& other) noexcept {
    return *this = TransportRef(other);
  }
  TransportRef& operator=(TransportRef&& other) noexcept {
    std::swap(transport_, other.transport_);
    return *this;
  }
  ~TransportRef() {
    if (transport_ != nullptr) transport_->release();
  }

  T* operator->() const noexcept { return transport_; }
  T& operator*() const noexcept { return *transport_; }
  T* detach() noexcept { return std::exchange(transport_, nullptr); }

 private:
  T* transport_ = nullptr;
};

}  // namespace funnel::detail
