#pragma once

#include <funnel/gen.h>
#include <funnel/process.h>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

/// What the tests of `Subprocess` share.
namespace process_test {

/// Returns the numbers of this process's open descriptors.
inline std::vector<int> open_descriptors() {
  std::vector<int> open;
  for (int fd = 0; fd < 1024; ++fd) {
    if (::fcntl(fd, F_GETFD) >= 0) open.push_back(fd);
  }
  return open;
}

/// Tells whether this process has children, running or zombies.
inline bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/// Takes the zombies of loops that ended before their children were dead.
inline void reap_leftovers() {
  while (::wait(nullptr) > 0) {
  }
}

inline funnel::Task<> pause(funnel::Duration duration) { co_await funnel::gen::sleep(duration); }

/// Runs the loop until no child is left: it reaps what was slow to die.
inline bool children_end(funnel::IOLoop& loop) {
  const auto deadline = loop.time() + std::chrono::seconds(10);
  while (has_children() && loop.time() < deadline) {
    loop.run_sync(pause(std::chrono::milliseconds(1)));
  }
  return !has_children();
}

/// Checks at its end that no child is left and no descriptor was opened since its beginning.
class NothingIsLeft {
 public:
  explicit NothingIsLeft(funnel::IOLoop& loop) : loop_(loop), before_(open_descriptors()) {
    reap_leftovers();
  }
  NothingIsLeft(const NothingIsLeft&) = delete;
  NothingIsLeft& operator=(const NothingIsLeft&) = delete;
  ~NothingIsLeft() {
    CHECK(children_end(loop_));
    CHECK(open_descriptors() == before_);
  }

 private:
  funnel::IOLoop& loop_;
  std::vector<int> before_;
};

/// Tells whether the process exists and is not a zombie.
inline bool is_alive(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  if (!std::getline(file, line)) return false;
  const char state = line.at(line.rfind(')') + 2);
  return state != 'Z' && state != 'X';
}

inline bool dies_soon(pid_t pid, std::chrono::milliseconds limit = std::chrono::seconds(5)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (is_alive(pid)) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline funnel::process::SubprocessOptions with_output(std::vector<std::string> argv) {
  funnel::process::SubprocessOptions options(std::move(argv));
  options.stdout_mode = funnel::process::Stdio::stream;
  return options;
}

inline funnel::Task<std::string> read_all(funnel::IOStream& stream) {
  co_return co_await stream.read_until_close();
}

inline funnel::Task<std::size_t> read_slowly(funnel::IOStream& stream) {
  std::size_t total = 0;
  for (;;) {
    try {
      const std::string piece = co_await stream.read_bytes(1500, true);
      total += piece.size();
    } catch (const funnel::StreamClosedError&) {
      co_return total;
    }
    co_await funnel::gen::sleep(std::chrono::microseconds(100));
  }
}

inline funnel::Task<std::string> await_read(funnel::StreamRead read) {
  co_return co_await std::move(read);
}

inline funnel::Task<> store_status(funnel::Task<int> wait, int* status) {
  *status = co_await std::move(wait);
}

template <typename T>
T run(funnel::IOLoop& loop, funnel::Task<T> task) {
  return loop.run_sync(std::move(task), std::chrono::seconds(15));
}
inline std::string run(funnel::IOLoop& loop, funnel::StreamRead read) {
  return run(loop, await_read(std::move(read)));
}

/// Runs a program to its end, which must be orderly.
inline std::string output_of(funnel::IOLoop& loop,
                             const funnel::process::SubprocessOptions& options) {
  funnel::process::Subprocess child(options);
  std::string output = run(loop, read_all(child.stdout_stream()));
  CHECK(run(loop, child.wait_for_exit(false)) == 0);
  return output;
}

}  // namespace process_test
