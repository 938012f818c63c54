#pragma once

#include "core/asio.h"

#include <asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace funnel::detail {

class LoopCore;

/// Throws `std::system_error` if the system cannot watch `fd`: it is not open, or always ready
/// as a file on disk and `/dev/null` are. Asio takes the latter and fails later, at every wait.
/// `what` is for the message.
void require_watchable(int fd, const char* what);

/// Watches one descriptor that belongs to somebody else.
///
/// Every change starts a new generation. A completion of an older one is thrown away: it
/// may already be queued when the handler is removed, and the descriptor's number may
/// by then be another file's.
/// While it watches, the descriptor is non-blocking: Asio makes it so.
class FdWatch : public std::enable_shared_from_this<FdWatch> {
 public:
  FdWatch(LoopCore& core, int fd, std::function<void(int, unsigned)> handler);
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;
  ~FdWatch() { stop(); }

  void update(unsigned events);
  void stop() noexcept;

  void trace_added();
  void trace_removed() noexcept;

 private:
  using Handler = std::function<void(int, unsigned)>;
  using Descriptor = asio::posix::stream_descriptor;

  void wait(Descriptor::wait_type type);
  void ready(std::uint64_t generation, Descriptor::wait_type type, const asio::error_code& error);

  LoopCore& core_;
  Descriptor descriptor_;
  int fd_;
  bool was_blocking_;
  std::shared_ptr<const Handler> handler_;  // shared with a call of it, which may remove it
  std::uint64_t generation_ = 0;
  std::uint64_t id_ = 0;  // in the trace
};

}  // namespace funnel::detail
