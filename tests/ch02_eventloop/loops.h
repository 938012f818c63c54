#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "support/story.h"
#include "support/time_scale.h"

/// @file
/// What the tests of chapter 2 share.

namespace loops {

/// Two connected sockets that do not block: the near one for the code under test, the far one for
/// its peer, who is in the story under a name.
class Wire {
 public:
  explicit Wire(std::string peer = "peer") : peer_(std::move(peer)) {
    std::array<int, 2> ends{};
    const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
    if (::socketpair(AF_UNIX, type, 0, ends.data()) != 0) {
      throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    near_ = ends[0];
    far_ = ends[1];
  }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() {
    close_near();
    close_far();
  }

  int near() const noexcept { return near_; }

  void send(std::string_view bytes) const {
    test_support::tell(peer_, "sends " + test_support::shown(bytes));
    [[maybe_unused]] const ssize_t sent = ::send(far_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  void close_far() noexcept {
    if (far_ >= 0) ::close(std::exchange(far_, -1));
  }
  void close_near() noexcept {
    if (near_ >= 0) ::close(std::exchange(near_, -1));
  }

  /// Receives at the near end what is there, without waiting.
  std::string receive() const {
    std::array<char, 4096> block{};
    const ssize_t count = ::recv(near_, block.data(), block.size(), 0);
    return {block.data(), count > 0 ? static_cast<std::size_t>(count) : 0};
  }
  /// Sends from the near end until nothing more fits.
  void fill() const {
    const std::string block(4096, 'x');
    while (::send(near_, block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
  }
  /// Receives at the far end all that is there.
  void drain() const {
    std::array<char, 65536> block{};
    while (::recv(far_, block.data(), block.size(), 0) > 0) {
    }
  }

 private:
  std::string peer_;
  int near_ = -1;
  int far_ = -1;
};

/// Ends the process when a block is not left within two seconds: a loop that does not return cannot
/// be stopped by the test that called it.
class Watchdog {
 public:
  explicit Watchdog(std::string what) : what_(std::move(what)) {
    // No signal goes to its thread: those that a test sends are for the code under test.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    thread_ = std::thread([this] { watch(); });
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;
  ~Watchdog() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

 private:
  void watch() {
    std::unique_lock lock(mutex_);
    const auto limit = test_support::time_limit(std::chrono::seconds(2));
    if (changed_.wait_for(lock, limit, [this] { return over_; })) return;
    test_support::tell("yours", what_ + " does not return");
    std::fprintf(stderr, "%s does not return: the test is over\n", what_.c_str());
    std::abort();
  }

  std::string what_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace loops
