#pragma once

#include "net/buffer.h"
#include "net/transport.h"

#include <funnel/iostream.h>

#include <functional>
#include <memory>
#include <optional>

namespace funnel::detail {

/// The state of an `IOStream`.
class StreamCore final : private Transport::Sink {
 public:
  static constexpr std::size_t high_watermark = std::size_t{64} * 1024;
  static constexpr std::size_t low_watermark = high_watermark / 2;

  StreamCore(IOLoop& loop, TransportRef<Transport> transport, IOStreamOptions options);
  StreamCore(const StreamCore&) = delete;
  StreamCore& operator=(const StreamCore&) = delete;
  ~StreamCore();

  InputBuffer& input() noexcept { return input_; }
  /// Whether no more can come, and whether that is because the peer ended its side.
  bool at_end() const noexcept { return peer_ended_ || closed_; }
  bool peer_ended() const noexcept { return peer_ended_; }
  bool closed() const noexcept { return closed_; }
  std::error_code error() const noexcept { return error_; }
  bool reading() const noexcept { return reader_ != nullptr; }
  bool can_write() const noexcept { return !closed_ && !write_error_ && !close_write_requested_; }
  bool writing() const noexcept { return !output_.empty(); }
  bool input_waiting() noexcept {
    return at_end() || !input_.empty() || transport_->input_waiting();
  }
  bool peer_gone() noexcept { return at_end() || transport_->peer_gone(); }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  /// Why reads fail, once they do.
  [[noreturn]] void throw_ended() const;

  /// Whether a read need not wait.
  bool ready(ReadOp& reader);
  void set_reader(ReadOp& reader);
  void remove_reader(ReadOp& reader) noexcept {
    if (reader_ == &reader) reader_ = nullptr;
  }
  void release_idle_buffer();

  Future<> write(std::string_view first, std::string_view second);
  Future<> flush();
  void close_write();
  void close(std::error_code reason);
  void set_close_callback(std::function<void()> callback);
  void set_nodelay(bool nodelay) { transport_->set_nodelay(nodelay); }

 private:
  enum class Reading { no, into_buffer, without_buffer };

  void read_done(std::error_code error, std::size_t count) override;
  void readable() override;
  void writable() override;

  void start_reading();
  void end_input(std::error_code reason);
  void send_queued();
  void settle_writers();
  void end_output(std::error_code reason);
  std::exception_ptr write_failure() const;
  void fail_writers();
  Future<> waiting_writer(std::optional<Promise<>>& promise);
  void shut(std::error_code reason);
  void call_close_callback();

  IOLoop& loop_;
  TransportRef<Transport> transport_;
  IOStreamOptions options_;
  InputBuffer input_;
  ReadOp* reader_ = nullptr;  // until it has resumed, or was withdrawn
  Reading reading_ = Reading::no;
  bool releasing_ = false;
  bool peer_ended_ = false;
  bool closed_ = false;
  bool close_write_requested_ = false;
  bool waiting_writable_ = false;
  bool lost_output_ = false;  // closed with something left to send
  std::error_code error_;
  std::error_code write_error_;  // nothing can be sent any more, but reading goes on
  std::string output_;
  std::size_t sent_ = 0;  // of output_
  std::uint64_t bytes_written_ = 0;
  std::optional<Promise<>> draining_;
  std::optional<Promise<>> flushing_;
  // Shared with the loop while a call is queued there; the destructor empties it.
  std::shared_ptr<std::function<void()>> close_callback_;
};

/// Fails without anybody's having to look at it.
Future<> failed_write(std::exception_ptr error);

}  // namespace funnel::detail
