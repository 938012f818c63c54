// Measures what threads cost that do nothing but wait: a server with a thread for each client, and
// 1, 100 and 5000 clients that say nothing.
//
//     threads [--json]
//
// Each number is measured in a process of its own, which knows nothing of the others' memory.

#include <funnel/socket.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "stop.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t numbers[] = {1, 100, 5000};
constexpr std::chrono::seconds patience(5);  // for one more thread

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool has_sanitizer = true;
#elif defined(__has_feature)  // clang has no such macros
constexpr bool has_sanitizer = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool has_sanitizer = false;
#endif

/// What the process has, in KiB: `used` is memory that is there, `reserved` are addresses.
struct Memory {
  double used = 0;
  double reserved = 0;
};

Memory memory_now() {
  double pages_reserved = 0;
  double pages_used = 0;
  std::ifstream("/proc/self/statm") >> pages_reserved >> pages_used;
  if (pages_used == 0) throw std::runtime_error("this system has no /proc/self/statm");
  const double page = static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
  return {pages_used * page, pages_reserved * page};
}

/// Counts the threads that have begun to wait.
class Waiting {
 public:
  void one_more() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_one();
  }
  bool reaches(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
};

struct Row {
  std::size_t threads = 0;
  double milliseconds = 0;
  Memory grown;
};

/// A client costs two descriptors here, where both ends are in one process.
void allow_descriptors(std::size_t clients) {
  const rlim_t needed = 2 * clients + 50;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < needed) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur < needed) {
    throw std::runtime_error(
        fmt::format("{} descriptors are needed, and the system allows {} "
                    "(ulimit -Hn; an administrator can raise it)",
                    needed, limit.rlim_cur));
  }
}

Row measure(std::size_t count) {
  allow_descriptors(count);
  funnel::Socket listener = funnel::listen_tcp(0);
  const std::uint16_t port = funnel::local_port(listener);
  Waiting waiting;
  std::jthread server([&] {
    const auto wait = [&](funnel::Socket& client) {
      waiting.one_more();
      client.read_some();  // nothing will come: the thread waits here
    };
    funnel::serve_threads(listener, wait, count);
  });
  const Stop stop(listener);
  std::vector<funnel::Socket> clients;
  clients.reserve(count);
  const Memory before = memory_now();
  const auto begin = Clock::now();
  std::size_t started = 0;
  while (started < count) {
    clients.push_back(funnel::connect_tcp("127.0.0.1", port));
    if (!waiting.reaches(started + 1)) break;
    ++started;
  }
  const std::chrono::duration<double, std::milli> took = Clock::now() - begin;
  const Memory after = memory_now();
  if (started < count) {
    throw std::runtime_error(
        fmt::format("the system starts no more than {} threads here "
                    "(ulimit -u, or the limits of a container)",
                    started));
  }
  return {count, took.count(), {after.used - before.used, after.reserved - before.reserved}};
}

void print_row(std::size_t count, bool json) {
  const Row row = measure(count);
  if (json) {
    fmt::print(R"({{"threads": {}, "start_ms": {:.3f}, "resident_kib": {:.0f}, )"
               R"("virtual_kib": {:.0f}}})",
               row.threads, row.milliseconds, row.grown.used, row.grown.reserved);
  } else {
    const double each = row.grown.used / static_cast<double>(row.threads);
    fmt::print("{:>7}  {:>8.1f} ms  {:>9.1f} MiB  {:>7.1f} KiB  {:>9.1f} MiB\n", row.threads,
               row.milliseconds, row.grown.used / 1024, each, row.grown.reserved / 1024);
  }
}

/// Measures in a child process. False if that failed, which the child has said.
bool print_row_of_child(std::size_t count, bool json) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "cannot start a process");
  if (child > 0) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  int status = 0;
  try {
    print_row(count, json);
  } catch (const std::exception& error) {
    status = 1;
    fmt::print(stderr, "threads: cannot measure {} threads: {}\n", count, error.what());
    if (json) fmt::print(R"({{"threads": {}, "error": "not measured"}})", count);
  }
  std::fflush(stdout);
  std::_Exit(status);
}

bool print_all(bool json) {
  bool complete = true;
  if (json) {
    fmt::print(R"({{"sanitizer": {}, "rows": [)", has_sanitizer);
  } else {
    fmt::print("threads   started in      resident     of each        virtual\n");
  }
  for (const std::size_t count : numbers) {
    if (json && count != numbers[0]) fmt::print(", ");
    complete = print_row_of_child(count, json) && complete;
  }
  if (json) fmt::print("]}}\n");
  return complete;
}

}  // namespace

int main(int argc, char** argv) {
  const bool json = argc == 2 && std::string_view(argv[1]) == "--json";
  if (argc > 1 && !json) {
    fmt::print(stderr, "usage: threads [--json]\n");
    return 2;
  }
  try {
    if (has_sanitizer) {
      fmt::print(stderr, "This build has a sanitizer, which costs memory and time of its own.\n");
    }
    return print_all(json) ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "threads: {}\n", error.what());
    return 1;
  }
}
