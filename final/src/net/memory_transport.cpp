#include "net/memory_transport.h"

#include <algorithm>
#include <cstring>

namespace funnel::detail {

void MemoryTransport::connect(MemoryTransport& a, MemoryTransport& b) noexcept {
  a.peer_ = &b;
  b.peer_ = &a;
}

MemoryTransport::~MemoryTransport() {
  if (peer_ != nullptr) peer_->peer_ = nullptr;
}

void MemoryTransport::start_read(char* data, std::size_t size) {
  read_data_ = data;
  read_size_ = size;
  deliver_soon();
}

void MemoryTransport::start_wait_readable() {
  waiting_readable_ = true;
  deliver_soon();
}

void MemoryTransport::cancel_read() {
  read_cancelled_ = true;
  deliver_soon();
}

void MemoryTransport::start_wait_writable() {
  waiting_writable_ = true;
  deliver_soon();
}

std::size_t MemoryTransport::write_some(std::string_view first, std::string_view second,
                                        std::error_code& error) {
  if (reset_ || peer_ == nullptr) {
    error = std::make_error_code(reset_ ? std::errc::connection_reset : std::errc::broken_pipe);
    return 0;
  }
  const std::size_t sent = peer_->receive(first);
  return sent < first.size() ? sent : sent + peer_->receive(second);
}

std::size_t MemoryTransport::receive(std::string_view data) {
  const std::size_t count = std::min(data.size(), room());
  incoming_.append(data.substr(0, count));
  received_ += count;
  deliver_soon();
  return count;
}

std::size_t MemoryTransport::room() const noexcept {
  const std::size_t unread = std::min(faults_.capacity, incoming_.size());
  return std::min(faults_.capacity - unread, faults_.reset_after - received_);
}

void MemoryTransport::deliver_soon() {
  if (std::exchange(delivering_, true)) return;
  loop_.add_callback([self = TransportRef<MemoryTransport>(this)] {
    self->delivering_ = false;
    self->deliver();
  });
}

void MemoryTransport::deliver() {
  if (received_ == faults_.reset_after && incoming_.empty()) {
    reset_ = true;
    if (peer_ != nullptr && !std::exchange(peer_->reset_, true)) peer_->deliver_soon();
  }
  if (waiting_writable_ && (reset_ || peer_ == nullptr || peer_->room() > 0)) {
    waiting_writable_ = false;
    if (sink_ != nullptr) sink_->writable();
  }
  if (waiting_readable_ && something_to_read()) {
    waiting_readable_ = false;
    if (sink_ != nullptr) sink_->readable();
  }
  if (read_data_ != nullptr && (something_to_read() || read_cancelled_)) complete_read();
}

void MemoryTransport::complete_read() {
  char* data = std::exchange(read_data_, nullptr);
  std::error_code error;
  const std::size_t count = std::min({read_size_, faults_.read_size, incoming_.size()});
  if (count > 0) {
    std::memcpy(data, incoming_.data(), count);
    incoming_.erase(0, count);
    if (peer_ != nullptr && peer_->waiting_writable_) peer_->deliver_soon();
    if (received_ == faults_.reset_after) deliver_soon();
  } else if (reset_) {
    error = std::make_error_code(std::errc::connection_reset);
  } else if (!ended_) {
    error = std::make_error_code(std::errc::operation_canceled);
  }
  read_cancelled_ = false;
  if (sink_ != nullptr) sink_->read_done(error, count);
}

bool MemoryTransport::input_waiting() noexcept { return !incoming_.empty() || peer_gone(); }

bool MemoryTransport::peer_gone() noexcept { return ended_ || reset_ || peer_ == nullptr; }

void MemoryTransport::close_write() {
  if (peer_ == nullptr) return;
  peer_->ended_ = true;
  peer_->deliver_soon();
}

void MemoryTransport::close() noexcept {
  read_data_ = nullptr;  // the reader's memory may go away now
  waiting_readable_ = waiting_writable_ = false;
  close_write();
  if (peer_ == nullptr) return;
  peer_->deliver_soon();  // a waiting writer learns that nobody reads any more
  peer_->peer_ = nullptr;
  peer_ = nullptr;
}

}  // namespace funnel::detail
