#include "runtime/process_child.h"
#include "runtime/process_spawn.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <system_error>

#include "process_support.h"

using namespace process_test;

using funnel::IOLoop;
using funnel::detail::ChildProcess;
using funnel::detail::SpawnedChild;
using funnel::detail::UniqueFd;
using funnel::process::ProcessGroup;
using funnel::process::Stdio;
using funnel::process::Subprocess;
using funnel::process::SubprocessOptions;

namespace {

SubprocessOptions with_all_streams(std::vector<std::string> argv) {
  SubprocessOptions options(std::move(argv));
  options.stdin_mode = options.stdout_mode = options.stderr_mode = Stdio::stream;
  return options;
}

/// Starts a program that cannot be run; returns why.
std::error_code failure(const SubprocessOptions& options, const std::string& named) {
  try {
    const Subprocess child(options);
  } catch (const std::system_error& error) {
    CHECK(std::string(error.what()).find('"' + named + '"') != std::string::npos);
    return error.code();
  }
  return {};
}

/// Runs `body` while some of this process's own standard descriptors are closed.
void without_standard(std::vector<int> closed, const std::function<void()>& body) {
  std::vector<int> saved;
  saved.reserve(closed.size());
  for (const int fd : closed) saved.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, 100));
  for (const int fd : closed) ::close(fd);
  body();
  for (std::size_t i = 0; i < closed.size(); ++i) {
    if (saved[i] < 0) continue;
    ::dup2(saved[i], closed[i]);
    ::close(saved[i]);
  }
}

/// Returns the number below which `count` descriptors are free.
rlim_t limit_for(int count) {
  int fd = 0;
  for (int left = count; left > 0; ++fd) left -= ::fcntl(fd, F_GETFD) < 0 ? 1 : 0;
  return static_cast<rlim_t>(fd);
}

/// Reads a set of signals from a child's `/proc/self/status`.
unsigned long signals_of_child(IOLoop& loop, const std::string& name) {
  const std::string line = output_of(loop, with_output({"grep", name, "/proc/self/status"}));
  return std::stoul(line.substr(line.find('\t')), nullptr, 16);
}

std::shared_ptr<ChildProcess> start(IOLoop& loop, std::vector<std::string> argv, bool with_pidfd) {
  const SpawnedChild spawned = funnel::detail::spawn(SubprocessOptions(std::move(argv)));
  return std::make_shared<ChildProcess>(
      loop, spawned.pid, true, with_pidfd ? funnel::detail::open_pidfd(spawned.pid) : UniqueFd());
}

funnel::Task<int> await_exit(funnel::Future<int> exited) { co_return co_await exited; }

}  // namespace

TEST_SUITE("runtime.process_start") {
  TEST_CASE("a program that cannot be run is an error that names it") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    CHECK(failure(with_all_streams({"no-such-program-here"}), "no-such-program-here") ==
          std::errc::no_such_file_or_directory);
    CHECK(failure(with_all_streams({"/no/such/program"}), "/no/such/program") ==
          std::errc::no_such_file_or_directory);
    CHECK(failure(with_all_streams({"/etc/passwd"}), "/etc/passwd") ==
          std::errc::permission_denied);
    char path[] = "/tmp/funnel_process_XXXXXX";
    {
      const UniqueFd file(::mkstemp(path));
      CHECK(::write(file.get(), "no program", 10) == 10);
      CHECK(::fchmod(file.get(), 0700) == 0);
    }
    CHECK(failure(with_all_streams({path}), path) == std::errc::executable_format_error);
    ::unlink(path);
  }

  TEST_CASE("a working directory that cannot be used is an error that names it") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    SubprocessOptions options = with_all_streams({"true"});
    options.working_directory = "/no/such/directory";
    CHECK(failure(options, "/no/such/directory") == std::errc::no_such_file_or_directory);
    options.working_directory = "/etc/passwd";
    CHECK(failure(options, "/etc/passwd") == std::errc::not_a_directory);
  }

  TEST_CASE("options that make no sense are refused") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    const auto refused = [](const SubprocessOptions& options) {
      CHECK_THROWS_AS(Subprocess{options}, std::invalid_argument);
    };
    refused(SubprocessOptions({}));
    refused(SubprocessOptions({""}));
    refused(SubprocessOptions({"echo", std::string("a\0b", 3)}));
    for (const char* name : {"", "A=B"}) {
      SubprocessOptions options({"true"});
      options.environment[name] = "value";
      refused(options);
    }
    SubprocessOptions options({"true"});
    options.environment["A"] = std::string("\0", 1);
    refused(options);
    options = SubprocessOptions({"true"});
    options.environment[std::string("A\0", 2)] = "";
    refused(options);
    options = SubprocessOptions({"true"});
    options.working_directory = std::string("/\0x", 3);
    refused(options);
    options = SubprocessOptions({"true"});
    options.stdin_mode = Stdio::same_as_stdout;
    refused(options);
    options = SubprocessOptions({"true"});
    options.stdout_mode = Stdio::same_as_stdout;
    refused(options);
  }

  TEST_CASE("running out of descriptors at any point leaves nothing behind") {
    IOLoop loop;
    SubprocessOptions options = with_all_streams({"sleep", "1000"});
    options.working_directory = "/";
    rlimit old{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &old) == 0);
    int refused = 0;
    int started = 0;
    for (int extra = 0; extra < 12; ++extra) {
      const NothingIsLeft check(loop);
      const rlimit low{limit_for(extra), old.rlim_max};
      ::setrlimit(RLIMIT_NOFILE, &low);
      try {
        const Subprocess child(options);
        ++started;
      } catch (const std::system_error& error) {
        ++refused;
        CHECK(error.code() == std::errc::too_many_files_open);
      }
      ::setrlimit(RLIMIT_NOFILE, &old);
    }
    CHECK(refused >= 7);  // the directory and six ends
    CHECK(started >= 1);
  }

  TEST_CASE("the child has no other descriptor of this process") {
    IOLoop loop;
    const UniqueFd inherited(::open("/dev/null", O_RDONLY));  // not close-on-exec
    Subprocess neighbour(with_all_streams({"cat"}));
    SubprocessOptions options = with_output({"ls", "/proc/self/fd"});
    CHECK(output_of(loop, options) == "0\n1\n2\n3\n");  // 3 is the directory itself
  }

  TEST_CASE("the child blocks and ignores no signal, and this process's settings stay") {
    IOLoop loop;
    sigset_t blocked;
    sigset_t old_mask;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &old_mask);
    const auto old_handler = ::signal(SIGHUP, SIG_IGN);
    // Signals 32 and 33 are the C library's own.
    CHECK(signals_of_child(loop, "SigBlk") == 0);
    CHECK((signals_of_child(loop, "SigIgn") & 0x7fffffff) == 0);
    CHECK((::signal(SIGHUP, old_handler) == SIG_IGN));
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, &old_mask, &now);
    CHECK(::sigismember(&now, SIGUSR1) == 1);
    struct sigaction action {};
    ::sigaction(SIGCHLD, nullptr, &action);
    CHECK((action.sa_handler == SIG_DFL));
  }

  TEST_CASE("streams are right in a process that has closed its own standard descriptors") {
    IOLoop loop;  // before: its own descriptors shall not fill the gaps
    const NothingIsLeft check(loop);
    const std::vector<std::vector<int>> cases{{0}, {1}, {0, 1}, {0, 1, 2}};
    for (const std::vector<int>& closed : cases) {
      std::string output;
      std::string errors;
      without_standard(closed, [&] {
        SubprocessOptions options({"/bin/sh", "-c", "cat; echo out; echo err >&2"});
        options.stderr_mode = Stdio::stream;
        options.stdout_mode = Stdio::null;
        Subprocess quiet(options);
        errors = run(loop, read_all(quiet.stderr_stream()));
        options.working_directory = "/";
        options.stdin_mode = options.stdout_mode = Stdio::stream;
        Subprocess child(options);
        (void)child.stdin_stream().write("in\n");
        child.stdin_stream().close_write();
        output = run(loop, read_all(child.stdout_stream()));
        errors += run(loop, read_all(child.stderr_stream()));
      });
      CHECK(output == "in\nout\n");
      CHECK(errors == "err\nerr\n");
    }
  }

  TEST_CASE("a status that somebody else took is an error, and no stranger is signalled") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    const auto old_handler = ::signal(SIGCHLD, SIG_IGN);
    {
      Subprocess child(SubprocessOptions({"true"}));
      try {
        run(loop, child.wait_for_exit());
        FAIL("the status is not lost");
      } catch (const std::system_error& error) {
        CHECK(error.code() == std::errc::no_child_process);
      }
      child.kill(SIGKILL);
    }
    ::signal(SIGCHLD, old_handler);
  }

  TEST_CASE("without a pidfd the end is noticed all the same") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    const auto child = start(loop, {"/bin/sh", "-c", "sleep 0.03; exit 9"}, false);
    child->watch();
    CHECK(run(loop, await_exit(child->exited())) == 9);
    const auto killed = start(loop, {"sleep", "1000"}, false);
    killed->watch();
    killed->end();
  }

  TEST_CASE("the loop reaps a child that everybody has forgotten") {
    for (const bool with_pidfd : {true, false}) {
      IOLoop loop;
      const NothingIsLeft check(loop);
      start(loop, {"sleep", "0.02"}, with_pidfd)->watch();
      CHECK(children_end(loop));
    }
  }

  TEST_CASE("a child that is slow to die is reaped by the loop") {
    IOLoop loop;
    const NothingIsLeft check(loop);
    SubprocessOptions options({"cat"});
    options.group = ProcessGroup::inherit;
    options.stdin_mode = Stdio::stream;
    SpawnedChild spawned = funnel::detail::spawn(options);
    {
      // It leads no group, so that the signal does not reach it: slower than any death.
      const auto child = std::make_shared<ChildProcess>(loop, spawned.pid, true,
                                                        funnel::detail::open_pidfd(spawned.pid));
      child->watch();
      child->end();
    }
    CHECK(is_alive(spawned.pid));
    spawned.stdin_fd.reset();  // now it ends
    CHECK(children_end(loop));
  }

  TEST_CASE("a loop that ends kills and reaps a child that was left to it") {
    reap_leftovers();
    for (const bool with_pidfd : {true, false}) {
      bool reaped = false;
      for (int attempt = 0; attempt < 20 && !reaped; ++attempt) {
        {
          IOLoop loop;
          start(loop, {"sleep", "1000"}, with_pidfd)->watch();
          run(loop, pause(std::chrono::milliseconds(1)));
        }
        reaped = !has_children();
        int status = 0;  // it may have been too slow, but it dies of the signal
        if (!reaped) CHECK((::wait(&status) > 0 && WTERMSIG(status) == SIGKILL));
      }
      CHECK(reaped);
    }
  }
}
