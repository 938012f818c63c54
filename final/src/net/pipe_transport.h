#pragma once

#include "core/asio.h"
#include "net/transport.h"
#include "net/unique_fd.h"

#include <asio/posix/stream_descriptor.hpp>

namespace funnel::detail {

/// Carries bytes over a descriptor that is not known to be a TCP socket.
class PipeTransport final : public Transport {
 public:
  /// Throws `std::system_error` if the descriptor cannot be waited for.
  PipeTransport(asio::io_context& context, UniqueFd fd);

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
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;
  enum class Kind { pipe, socket, other };

  ~PipeTransport() override = default;

  Descriptor descriptor_;
  Kind kind_ = Kind::other;
};

}  // namespace funnel::detail
