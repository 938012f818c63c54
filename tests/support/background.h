#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <utility>

#include "story.h"
#include "time_scale.h"

/// @file
/// A thread of a test, whose end is waited for, but not forever.

namespace test_support {

class Background {
 public:
  /// Runs `work`; `what` says in the story what that is.
  Background(std::string what, std::function<void()> work)
      : what_(std::move(what)), work_(std::move(work)), ended_(work_.get_future()) {
    thread_ = std::thread([this] { work_(); });
  }
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;
  ~Background() { wait(); }

  /// Waits for the end, and throws what ended it. Work that does not end cannot be stopped
  /// either: then the process ends.
  void join() {
    wait();
    ended_.get();
  }
  bool has_ended() const { return ended_.wait_for(std::chrono::seconds(0)) == ready; }

 private:
  static constexpr auto ready = std::future_status::ready;

  void wait() {
    if (!thread_.joinable()) return;
    if (ended_.wait_for(time_limit(std::chrono::seconds(2))) != ready) {
      tell("yours", what_ + " does not end");
      std::fprintf(stderr, "%s does not end: the test is over\n", what_.c_str());
      std::abort();
    }
    thread_.join();
  }

  std::string what_;
  std::packaged_task<void()> work_;
  std::shared_future<void> ended_;  // may be asked again and again
  std::thread thread_;
};

/// Waits until `condition` holds, two seconds at most; returns whether it does.
inline bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + time_limit(std::chrono::seconds(2));
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace test_support
