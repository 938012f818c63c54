#pragma once

#include <funnel/cancel.h>
#include <funnel/detail/list.h>
#include <funnel/gen.h>
#include <funnel/task.h>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>

#include "../../support/time_scale.h"

/// What the tests of the core layer share.
namespace core_tests {

/// A task that the test started, and may destroy while it waits.
class Started final : private funnel::detail::TaskObserver {
 public:
  explicit Started(funnel::Task<> task, funnel::CancelToken token = {}) : task_(std::move(task)) {
    funnel::detail::TaskAccess::start(task_, *this, token.state());
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;
  ~Started() = default;

  bool done() const noexcept { return done_; }
  void destroy() noexcept { task_ = funnel::Task<>(); }

 private:
  std::coroutine_handle<> task_done() noexcept override {
    done_ = true;
    return {};
  }

  funnel::Task<> task_;
  bool done_ = false;
};

/// Notes in a string that it was destroyed. Movable: what was moved from notes nothing.
class Witness {
 public:
  explicit Witness(std::string& notes) noexcept : notes_(&notes) {}
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  Witness(Witness&& other) noexcept : notes_(std::exchange(other.notes_, nullptr)) {}
  Witness& operator=(Witness&&) = delete;
  ~Witness() {
    if (notes_ != nullptr) *notes_ += "destroyed ";
  }

 private:
  std::string* notes_;
};

inline funnel::Task<> sleep_for(funnel::Duration delay) { co_await funnel::gen::sleep(delay); }

/// A handler for descriptors that does nothing.
inline void ignore(int, unsigned) {}

/// Waits a second, and notes whether it came to its end and that it was destroyed.
inline funnel::Task<> hold(std::string& notes) {
  const Witness witness(notes);
  co_await funnel::gen::sleep(std::chrono::seconds(1));
  notes += "done ";
}

inline void close_end(int& fd) noexcept {
  if (fd >= 0) ::close(std::exchange(fd, -1));
}

/// A pipe whose ends are closed with it.
class Pipe {
 public:
  Pipe() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC | O_NONBLOCK) == 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_reader();
    close_writer();
  }

  int reader() const noexcept { return ends_[0]; }
  int writer() const noexcept { return ends_[1]; }
  void put(char byte) const { REQUIRE(::write(writer(), &byte, 1) == 1); }
  char take() const {
    char byte = 0;
    REQUIRE(::read(reader(), &byte, 1) == 1);
    return byte;
  }
  void close_reader() noexcept { close_end(ends_[0]); }
  void close_writer() noexcept { close_end(ends_[1]); }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// Two connected sockets, each of which is closed with the pair unless it was given away.
class SocketPair {
 public:
  SocketPair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) == 0); }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;
  ~SocketPair() {
    close_end(ends_[0]);
    close_second();
  }

  int first() const noexcept { return ends_[0]; }
  int second() const noexcept { return ends_[1]; }
  int release_first() noexcept { return std::exchange(ends_[0], -1); }
  int release_second() noexcept { return std::exchange(ends_[1], -1); }
  void close_second() noexcept { close_end(ends_[1]); }

 private:
  std::array<int, 2> ends_{-1, -1};
};

inline bool is_open(int fd) noexcept { return ::fcntl(fd, F_GETFD) != -1; }

/// How a child process ended, and what it wrote to standard error.
class ChildEnd {
 public:
  bool aborted() const noexcept { return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT; }
  bool exited_with(int code) const noexcept {
    return WIFEXITED(status) && WEXITSTATUS(status) == code;
  }

  int status = 0;
  std::string errors;
};

/// Runs `function` in a child process, which is killed if it takes too long, and
/// exits with 1 if the function throws.
template <typename F>
ChildEnd run_in_child(F function) {
  std::fflush(nullptr);
  std::array<int, 2> ends{};
  REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto limit = test_support::time_limit(std::chrono::seconds(10));
    ::alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(limit).count()));
    ::signal(SIGABRT, SIG_DFL);  // not the test framework's report
    ::dup2(ends[1], STDERR_FILENO);
    try {
      function();
    } catch (...) {
      ::_exit(1);  // else the child goes on with the parent's tests
    }
    ::_exit(0);
  }
  ::close(ends[1]);
  ChildEnd end;
  std::array<char, 512> block{};
  for (ssize_t n = 0; (n = ::read(ends[0], block.data(), block.size())) > 0;) {
    end.errors.append(block.data(), static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  REQUIRE(::waitpid(child, &end.status, 0) == child);
  return end;
}

/// Runs a case of this program that is skipped otherwise, in a process of its own: a child that
/// was forked has nothing of the threads that the parent had.
inline ChildEnd run_case(const std::string& name) {
  return run_in_child([&] {
    const std::string filter = "--test-case=" + name;
    ::execl("/proc/self/exe", "test", filter.c_str(), "--no-skip", nullptr);
    ::_exit(127);
  });
}

}  // namespace core_tests
