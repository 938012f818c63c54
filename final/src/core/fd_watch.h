#pragma once

#include "core/asio.h"

#include <asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <functional>
#include <memory>

namespace funnel::detail {

/// Throws `std::system_error` if the system cannot watch `fd`: it is not open, or always ready
/// as a file on disk and `/dev/null` are. Asio takes the latter and fails later, at every wait.
/// `what` is for the message.
void require_watchable(int fd, const char* what);

/// Watches one descriptor that belongs to somebody else.
///
/// Every change starts a new generation. A completion of an older one is thrown away: it
/// may already be queued when the handler is removed, and the descriptor's number may
/// by then be another file's.
class FdWatch : public std::enable_shared_from_this<FdWatch> {
 public:
  FdWatch(asio::io_context& context, int fd, std::function<void(int, unsigned)> handler);
  FdWatch(const FdWatch&) = delete;
  FdWatch& operator=(const FdWatch&) = delete;
  ~FdWatch() { stop(); }

  void update(unsigned events);
  void stop() noexcept;

 private:
  using Handler = std::function<void(int, unsigned)>;
  using Descriptor = asio::posix::stream_descriptor;

  void wait(Descriptor::wait_type type);
  void ready(std::uint64_t generation, Descriptor::wait_type type, const asio::error_code& error);

  Descriptor descriptor_;
  int fd_;
  std::shared_ptr<const Handler> handler_;  // shared with a call of it, which may remove it
  std::uint64_t generation_ = 0;
};

}  // namespace funnel::detail
