#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "peer.h"
#include "raw_socket.h"
#include "story.h"
#include "time_scale.h"

/// @file
/// A server that does to its clients what a test says, and tells it.

namespace test_support {

/// Receives a request: a head, and the body that its `Content-Length` announces. Fewer bytes only
/// at the end.
inline std::string read_request(const Peer& client) {
  std::string request;
  std::size_t size = std::string::npos;
  while (request.size() < size) {
    const std::string block = client.raw().receive();
    if (block.empty()) break;
    request += block;
    const std::size_t head_end = request.find("\r\n\r\n");
    if (size != std::string::npos || head_end == std::string::npos) continue;
    const std::size_t field = request.find("Content-Length: ");
    const bool announced = field < head_end;
    size = head_end + 4 + (announced ? std::stoul(request.substr(field + 16)) : 0);
  }
  tell("server", "receives " + shown(request));
  return request;
}

/// How long a server waits for a client that should go.
inline std::chrono::steady_clock::duration patience() {
  return time_limit(std::chrono::milliseconds(1500));
}

/// Waits until the client, all of whose request was received, goes away, but no longer than
/// `most`. Returns whether it did.
inline bool client_goes(const Peer& client, std::chrono::steady_clock::duration most = patience()) {
  pollfd entry{client.raw().fd(), POLLIN | POLLRDHUP, 0};
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(most);
  return ::poll(&entry, 1, static_cast<int>(milliseconds.count())) > 0;
}

/// Sends nothing more and keeps the connection open until the client goes. Throws if it does not.
inline void wait_for_end(const Peer& client) {
  if (!client_goes(client)) throw std::runtime_error("the client does not go");
  tell("server", "sees the client go");
}

/// Sends `piece` again and again, with a pause behind each, until the client goes. Throws if it
/// does not.
inline void trickle(const Peer& client, std::string_view piece, std::chrono::milliseconds pause) {
  tell("server", "sends " + shown(piece) + " every " + std::to_string(pause.count()) + " ms");
  const auto end = std::chrono::steady_clock::now() + patience();
  int count = 0;
  try {
    for (bool gone = false; !gone; ++count) {
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the client stays");
      client.raw().send(piece);
      gone = client_goes(client, pause);
    }
  } catch (const std::system_error& error) {
    // One that stays but takes nothing more lets the time limit for sending end.
    if (error.code() == std::errc::resource_unavailable_try_again) throw;
    // it went while bytes were under way to it
  }
  tell("server", "sees the client go after " + std::to_string(count) + " times");
}

/// Makes the script's end a reset of the connection.
inline void reset_at_end(const Peer& client) {
  tell("server", "resets the connection");
  const linger option{1, 0};
  ::setsockopt(client.raw().fd(), SOL_SOCKET, SO_LINGER, &option, sizeof option);
}

/// A server on a free port of 127.0.0.1, in a thread of its own. It runs its script for one
/// connection after the other, and closes each at the script's end. An exception of the script's
/// ends that connection only.
class ScriptedServer {
 public:
  /// It may not close the connection, which the server may be shutting down from another thread.
  using Script = std::function<void(const Peer&)>;

  explicit ScriptedServer(Script script)
      : script_(std::move(script)), listener_(RawSocket::listen_anywhere()) {
    thread_ = std::thread([this] { serve(); });
  }
  /// Reads a request and sends `response`.
  explicit ScriptedServer(std::string response)
      : ScriptedServer([this, response = std::move(response)](const Peer& client) {
          keep(read_request(client));
          client.send(response);
        }) {}
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer() { stop(); }

  std::uint16_t port() const { return listener_.port(); }
  std::string host_and_port() const { return "127.0.0.1:" + std::to_string(port()); }
  std::string url(const std::string& target = "/") const {
    return "http://" + host_and_port() + target;
  }

  /// Waits until the script has run `count` times to its end, without an exception; false if that
  /// takes too long.
  bool served(int count) {
    std::unique_lock lock(mutex_);
    return progress_.wait_for(lock, 2 * patience(), [&] { return served_ >= count; });
  }
  /// How many clients have connected so far.
  int connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }
  /// For scripts: keeps a request for the test.
  void keep(std::string request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  /// Ends the connection that is being served, and the server.
  void stop() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      ::shutdown(listener_.fd(), SHUT_RDWR);
      if (client_ != nullptr) ::shutdown(client_->raw().fd(), SHUT_RDWR);
    }
    thread_.join();
  }

 private:
  void serve() {
    while (begin_connection()) {
      bool completed = false;
      try {
        script_(*client_);
        completed = true;
      } catch (const std::exception& error) {
        tell("server", std::string("stops with this client: ") + error.what());
      }
      end_connection(completed);
    }
  }

  bool begin_connection() {
    try {
      Peer client(listener_.accept(), "server");
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
      tell("server", "accepts a client");
      client_ = std::make_unique<Peer>(std::move(client));
      ++connections_;
      return true;
    } catch (const std::system_error&) {
      return false;  // nobody came for a long time, or the test is over
    }
  }

  void end_connection(bool completed) {
    const std::lock_guard lock(mutex_);
    client_->close();
    client_.reset();
    if (completed) ++served_;
    progress_.notify_all();
  }

  Script script_;
  RawSocket listener_;
  mutable std::mutex mutex_;
  std::condition_variable progress_;
  std::unique_ptr<Peer> client_;  // only while its script runs
  bool stopping_ = false;
  int connections_ = 0;
  int served_ = 0;
  std::vector<std::string> requests_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace test_support
