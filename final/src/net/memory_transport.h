#pragma once

#include "net/transport.h"

#include <funnel/ioloop.h>

#include <cstddef>
#include <limits>
#include <string>

namespace funnel::detail {

/// One end of a connection within the process, for tests: no system call, and faults on
/// demand.
class MemoryTransport final : public Transport {
 public:
  /// What happens to the bytes that this end receives.
  class Faults {
   public:
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    std::size_t read_size = none;  // the most that one read gives
    std::size_t capacity =
        std::size_t{64} * 1024;      // bytes that may lie unread; then the peer must wait
    std::size_t reset_after = none;  // after so many bytes the connection is reset
  };

  MemoryTransport(IOLoop& loop, Faults faults) : loop_(loop), faults_(faults) {}
  MemoryTransport(const MemoryTransport&) = delete;
  MemoryTransport& operator=(const MemoryTransport&) = delete;
  static void connect(MemoryTransport& a, MemoryTransport& b) noexcept;

  void start_read(char* data, std::size_t size) override;
  void start_wait_readable() override;
  void cancel_read() override;
  std::size_t write_some(std::string_view first, std::string_view second,
                         std::error_code& error) override;
  void start_wait_writable() override;
  bool peer_gone() noexcept override;
  bool input_waiting() noexcept override;
  void close_write() override;
  void close() noexcept override;

 private:
  ~MemoryTransport() override;

  bool something_to_read() const noexcept { return !incoming_.empty() || ended_ || reset_; }
  std::size_t receive(std::string_view data);
  std::size_t room() const noexcept;
  void deliver_soon();
  void deliver();
  void complete_read();

  IOLoop& loop_;
  Faults faults_;
  MemoryTransport* peer_ = nullptr;
  std::string incoming_;
  std::size_t received_ = 0;
  bool ended_ = false;  // the peer will send no more
  bool reset_ = false;
  bool delivering_ = false;
  char* read_data_ = nullptr;
  std::size_t read_size_ = 0;
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  bool read_cancelled_ = false;
};

}  // namespace funnel::detail
