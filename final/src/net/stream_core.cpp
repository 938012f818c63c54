#include "net/stream_core.h"

#include "core/loop_core.h"

#include <funnel/assert.h>

#include <algorithm>

namespace funnel::detail {

StreamCore::StreamCore(IOLoop& loop, TransportRef<Transport> transport, IOStreamOptions options)
    : loop_(loop), transport_(std::move(transport)), options_(options) {
  transport_->set_sink(this);
  loop_.core().resource_added();
}

StreamCore::~StreamCore() {
  FUNNEL_ASSERT(reader_ == nullptr, "an IOStream was destroyed while a read waits on it");
  if (close_callback_) *close_callback_ = nullptr;  // what it would tell of is gone
  shut({});
  loop_.core().resource_removed();
}

void StreamCore::throw_ended() const {
  if (error_ == std::errc::no_buffer_space) throw StreamBufferFullError();
  throw StreamClosedError(error_);
}

// ---- reading

bool StreamCore::ready(ReadOp& reader) {
  loop_.core().check_thread("IOStream::read");
  return reader.satisfied(*this) || at_end();
}

void StreamCore::set_reader(ReadOp& reader) {
  FUNNEL_ASSERT(reader_ == nullptr, "a second read was started on a stream that is being read");
  reader_ = &reader;
  start_reading();
}

void StreamCore::start_reading() {
  if (closed_ || reading_ != Reading::no) return;
  if (input_.size() >= options_.max_buffer_size) {
    // Later, as every failure of a read: the reader is being suspended just now.
    close(std::make_error_code(std::errc::no_buffer_space));
    return;
  }
  const auto [data, size] = input_.prepare();
  reading_ = Reading::into_buffer;
  transport_->start_read(data, std::min(size, options_.max_buffer_size - input_.size()));
}

void StreamCore::read_done(std::error_code error, std::size_t count) {
  reading_ = Reading::no;
  input_.commit(count);
  const bool released = std::exchange(releasing_, false);
  if (error == std::errc::operation_canceled && released) {
    input_.release();
    reading_ = Reading::without_buffer;
    transport_->start_wait_readable();
    return;
  }
  if (error || count == 0) {
    end_input(error);
    return;
  }
  if (reader_ == nullptr) {
    if (write_error_) shut(write_error_);  // neither way goes on
  } else if (reader_->satisfied(*this)) {
    reader_->finish();
  } else {
    start_reading();
  }
}

void StreamCore::readable() {
  reading_ = Reading::no;
  if (reader_ != nullptr) {
    start_reading();
  } else if (write_error_) {
    shut(write_error_);
  }
}

void StreamCore::release_idle_buffer() {
  if (output_.empty()) output_ = std::string();
  if (reading_ != Reading::into_buffer || !input_.empty() || waiting_writable_) return;
  releasing_ = true;  // the buffer is the system's until the read has ended
  transport_->cancel_read();
}

void StreamCore::end_input(std::error_code reason) {
  // A failed write was told of a reset, and the read then sees no more than an end.
  if (!reason && write_error_ == std::errc::connection_reset) reason = write_error_;
  if (reason) {
    shut(reason);
    return;
  }
  peer_ended_ = true;
  if (write_error_) {
    shut(write_error_);  // neither way goes on
  } else if (reader_ != nullptr) {
    reader_->finish();
  }
}

// ---- writing

Future<> failed_write(std::exception_ptr error) {
  const Promise<> promise;
  promise.set_exception(std::move(error));
  Future<> future = promise.future();
  (void)future.exception();  // seen: a failed write that nobody awaits is no news
  return future;
}

Future<> StreamCore::write(std::string_view first, std::string_view second) {
  loop_.core().check_thread("IOStream::write");
  if (closed_ || write_error_) return failed_write(write_failure());
  FUNNEL_ASSERT(!close_write_requested_, "a stream was written to after close_write");
  std::size_t sent = 0;
  if (output_.empty()) {
    std::error_code error;
    sent = transport_->write_some(first, second, error);
    if (error) {
      end_output(error);
      return failed_write(write_failure());
    }
    bytes_written_ += sent;
    if (sent == first.size() + second.size()) return {};
  }
  if (sent < first.size()) {
    output_ += first.substr(sent);
    output_ += second;
  } else {
    output_ += second.substr(sent - first.size());
  }
  if (output_.size() - sent_ > options_.max_write_buffer_size) {
    close(std::make_error_code(std::errc::no_buffer_space));
    return failed_write(std::make_exception_ptr(StreamBufferFullError()));
  }
  if (!std::exchange(waiting_writable_, true)) transport_->start_wait_writable();
  if (output_.size() - sent_ <= high_watermark) return {};
  return waiting_writer(draining_);
}

Future<> StreamCore::flush() {
  loop_.core().check_thread("IOStream::flush");
  if (write_error_ || (closed_ && (error_ || lost_output_))) return failed_write(write_failure());
  return writing() ? waiting_writer(flushing_) : Future<>();
}

Future<> StreamCore::waiting_writer(std::optional<Promise<>>& promise) {
  if (!promise) promise.emplace();
  return promise->future();  // they all wait for the same moment
}

void StreamCore::writable() {
  waiting_writable_ = false;
  send_queued();
}

void StreamCore::send_queued() {
  std::error_code error;
  const std::size_t sent =
      transport_->write_some(std::string_view(output_).substr(sent_), {}, error);
  bytes_written_ += sent;
  sent_ += sent;
  if (error) {
    end_output(error);
    return;
  }
  if (sent_ == output_.size()) {
    output_.clear();
    if (output_.capacity() > high_watermark) output_.shrink_to_fit();
    sent_ = 0;
    if (close_write_requested_) transport_->close_write();
  } else {
    if (sent_ >= output_.size() / 2) output_.erase(0, std::exchange(sent_, 0));
    waiting_writable_ = true;
    transport_->start_wait_writable();
  }
  settle_writers();
}

void StreamCore::settle_writers() {
  const auto settle = [](std::optional<Promise<>>& promise) {
    if (promise) std::exchange(promise, std::nullopt)->set_value();
  };
  if (output_.size() - sent_ <= low_watermark) settle(draining_);
  if (output_.empty()) settle(flushing_);
}

// The peer takes no more, but may have said why: what it sent is still read, up to its end.
void StreamCore::end_output(std::error_code reason) {
  if (reading_ == Reading::no) {
    shut(reason);
    return;
  }
  write_error_ = reason;
  output_ = std::string();
  sent_ = 0;
  fail_writers();
}

std::exception_ptr StreamCore::write_failure() const {
  return std::make_exception_ptr(StreamClosedError(write_error_ ? write_error_ : error_));
}

void StreamCore::fail_writers() {
  for (auto* waiting : {&draining_, &flushing_}) {
    const std::optional<Promise<>> promise = std::exchange(*waiting, std::nullopt);
    if (!promise) continue;
    promise->set_exception(write_failure());
    (void)promise->future().exception();
  }
}

// ---- closing

void StreamCore::close_write() {
  loop_.core().check_thread("IOStream::close_write");
  if (closed_ || std::exchange(close_write_requested_, true)) return;
  if (!writing()) transport_->close_write();
}

void StreamCore::close(std::error_code reason) {
  loop_.core().check_thread("IOStream::close");
  shut(reason);
}

void StreamCore::shut(std::error_code reason) {
  if (std::exchange(closed_, true)) return;
  error_ = reason;
  lost_output_ = writing();
  output_ = std::string();
  sent_ = 0;
  transport_->set_sink(nullptr);
  transport_->close();
  if (reader_ != nullptr) reader_->wake();  // it leaves when its turn comes
  fail_writers();
  call_close_callback();
}

void StreamCore::set_close_callback(std::function<void()> callback) {
  loop_.core().check_thread("IOStream::set_close_callback");
  if (!close_callback_) close_callback_ = std::make_shared<std::function<void()>>();
  *close_callback_ = std::move(callback);
  if (closed_) call_close_callback();
}

void StreamCore::call_close_callback() {
  if (!close_callback_ || !*close_callback_) return;
  loop_.add_callback([slot = close_callback_] {
    if (const auto callback = std::exchange(*slot, nullptr)) callback();
  });
}

}  // namespace funnel::detail
