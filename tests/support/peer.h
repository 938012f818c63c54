#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "raw_socket.h"
#include "story.h"
#include "time_scale.h"

/// @file
/// The other side of the code under test: a `RawSocket` that tells what it does.

namespace test_support {

class Peer {
 public:
  /// Connects to a port of 127.0.0.1.
  static Peer connect_to(std::uint16_t port, std::string name = "client") {
    tell(name, "connects");
    return {RawSocket::connect_to(port), std::move(name)};
  }
  Peer(RawSocket socket, std::string name) : socket_(std::move(socket)), name_(std::move(name)) {
    const auto limit = std::chrono::duration_cast<std::chrono::seconds>(patience());
    const timeval value{limit.count(), 0};
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &value, sizeof value);
  }

  void send(std::string_view bytes) const {
    tell(name_, "sends " + shown(bytes));
    socket_.send(bytes);
  }
  /// Receives up to the end of the connection.
  std::string receive_all() const {
    std::string all;
    for (;;) {
      const std::string block = receive_once(65536, all);
      if (block.empty()) break;
      all += block;
    }
    tell(name_, "receives " + shown(all) + " and the end");
    return all;
  }
  /// Receives `count` bytes; fewer only at the end.
  std::string receive(std::size_t count) const {
    std::string all;
    while (all.size() < count) {
      const std::string block = receive_once(count - all.size(), all);
      if (block.empty()) break;
      all += block;
    }
    tell(name_, "receives " + shown(all) + (all.size() < count ? " and the end" : ""));
    return all;
  }
  bool readable() const { return socket_.readable(); }

  /// Sends no more, but still receives.
  void end() const {
    tell(name_, "ends its side");
    socket_.shutdown_write();
  }
  void close() {
    tell(name_, "closes");
    socket_.close();
  }
  void reset() {
    tell(name_, "resets the connection");
    socket_.reset();
  }

  const RawSocket& raw() const noexcept { return socket_; }

 private:
  /// How long it waits for something that the code under test should do at once.
  static std::chrono::steady_clock::duration patience() {
    return time_limit(std::chrono::seconds(2));
  }
  std::string receive_once(std::size_t most, const std::string& so_far) const {
    try {
      return socket_.receive(most);
    } catch (const std::system_error& error) {
      if (error.code() != std::errc::resource_unavailable_try_again) throw;
    }
    tell(name_, "has received " + shown(so_far) + ", waits, and gives up");
    const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(patience());
    throw std::runtime_error("the " + name_ + " got nothing within " +
                             std::to_string(waited.count()) + " ms");
  }

  RawSocket socket_;
  std::string name_;
};

/// Makes a connection. Returns the descriptor of one side, for the code under test to own, and
/// the other side.
inline std::pair<int, Peer> connected_pair() {
  const RawSocket listener = RawSocket::listen_anywhere();
  RawSocket near = RawSocket::connect_to(listener.port());
  Peer far(listener.accept(), "peer");
  // No time limit of the test's: the code under test sets its own.
  const timeval none{};
  ::setsockopt(near.fd(), SOL_SOCKET, SO_RCVTIMEO, &none, sizeof none);
  ::setsockopt(near.fd(), SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
  return {near.release(), std::move(far)};
}

}  // namespace test_support
