#pragma once

#include "net/buffer.h"
#include "net/transport.h"

#include <funnel/iostream.h>

#include <vector>

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
  bool writing() const noexcept { return !output_.empty(); }
  std::uint64_t bytes_written() const noexcept { return bytes_written_; }
  /// Why reads fail, once they do.
  [[noreturn]] void throw_ended() const;

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
  void wake_reader();
  void send_queued();
  void settle_writers();
  void fail_writers();
  Future<> waiting_writer(std::vector<Promise<>>& promises);
  void call_close_callback();

  IOLoop& loop_;
  TransportRef<Transport> transport_;
  IOStreamOptions options_;
  InputBuffer input_;
  ReadOp* reader_ = nullptr;
  Reading reading_ = Reading::no;
  bool releasing_ = false;
  bool peer_ended_ = false;
  bool closed_ = false;
  bool close_write_requested_ = false;
  bool waiting_writable_ = false;
  bool lost_output_ = false;  // closed with something left to send
  std::error_code error_;
  std::string output_;
  std::size_t sent_ = 0;  // of output_
  std::uint64_t bytes_written_ = 0;
  std::vector<Promise<>> draining_;
  std::vector<Promise<>> flushing_;
  std::function<void()> close_callback_;
};

/// Fails without anybody's having to look at it.
Future<> failed_write(std::exception_ptr error);

}  // namespace funnel::detail
