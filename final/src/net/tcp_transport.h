#pragma once

#include "core/asio.h"
#include "net/transport.h"

#include <asio/ip/tcp.hpp>

namespace funnel::detail {

// The concrete executor, not the type-erased one: it is on every request's path.
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

class TcpTransport final : public Transport {
 public:
  /// Takes a connected socket.
  explicit TcpTransport(TcpSocket socket);

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
  void set_nodelay(bool nodelay) override;

 private:
  ~TcpTransport() override = default;

  TcpSocket socket_;
};

}  // namespace funnel::detail
