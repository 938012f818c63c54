#include "runtime/process_spawn.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>

namespace funnel::detail {

using process::ProcessGroup;
using process::Stdio;
using process::SubprocessOptions;

namespace {

void require(int error, const char* what) {
  if (error != 0) throw std::system_error(error, std::system_category(), what);
}

void check_text(const std::string& text) {
  if (text.find('\0') != std::string::npos) {
    throw std::invalid_argument("Subprocess: a NUL byte in the options");
  }
}

void check_options(const SubprocessOptions& options) {
  if (options.argv.empty() || options.argv.front().empty()) {
    throw std::invalid_argument("Subprocess: argv names no program");
  }
  std::for_each(options.argv.begin(), options.argv.end(), check_text);
  check_text(options.working_directory);
  for (const auto& [name, value] : options.environment) {
    check_text(name);
    check_text(value);
    if (name.empty() || name.find('=') != std::string::npos) {
      throw std::invalid_argument(
          fmt::format("Subprocess: \"{}\" cannot be the name of a variable", name));
    }
  }
  if (options.stdin_mode == Stdio::same_as_stdout || options.stdout_mode == Stdio::same_as_stdout) {
    throw std::invalid_argument("Subprocess: same_as_stdout is for standard error only");
  }
}

std::vector<std::string> environment_of(const SubprocessOptions& options) {
  std::vector<std::string> entries;
  for (char** entry = environ; options.inherit_environment && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!options.environment.contains(std::string(text.substr(0, text.find('='))))) {
      entries.emplace_back(text);
    }
  }
  for (const auto& [name, value] : options.environment) {
    entries.push_back(fmt::format("{}={}", name, value));
  }
  return entries;
}

/// What `exec` takes: pointers to the strings, and a null.
std::vector<char*> pointers_to(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Moves a descriptor out of the way of the child's standard streams: it can be among them if
/// this process has closed one of its own.
UniqueFd above_standard(UniqueFd fd) {
  if (fd.get() > STDERR_FILENO) return fd;
  UniqueFd moved(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!moved) require(errno, "Subprocess: cannot duplicate a descriptor");
  return moved;
}

class Pipe {
 public:
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) require(errno, "Subprocess: cannot make a pipe");
    UniqueFd first(ends[0]);
    UniqueFd second(ends[1]);
    read_end = above_standard(std::move(first));
    write_end = above_standard(std::move(second));
  }

  UniqueFd read_end;
  UniqueFd write_end;
};

/// What happens to descriptors and the directory between the child's birth and its `exec`.
class FileActions {
 public:
  FileActions() { require(::posix_spawn_file_actions_init(&actions_), what); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }
  void duplicate(int from, int to) {
    require(::posix_spawn_file_actions_adddup2(&actions_, from, to), what);
  }
  void open_null(int fd) {
    require(::posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_RDWR, 0), what);
  }
  void change_directory(int fd) {
    require(::posix_spawn_file_actions_addfchdir_np(&actions_, fd), what);
  }
  /// Not every descriptor of this process is close-on-exec: Asio's sockets are not.
  void close_others() {
    require(::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1), what);
  }

 private:
  static constexpr const char* what = "Subprocess: cannot prepare the descriptors";

  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  explicit Attributes(ProcessGroup group) {
    require(::posix_spawnattr_init(&attributes_), "Subprocess: cannot prepare the attributes");
    unsigned flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (group == ProcessGroup::own) flags |= POSIX_SPAWN_SETPGROUP;  // 0, its own, unless set
    if (group == ProcessGroup::own_session) flags |= POSIX_SPAWN_SETSID;
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
    sigset_t signals;
    ::sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    ::sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

/// Opened here, not in the child, so that the error can name it.
UniqueFd open_directory(const std::string& path) {
  UniqueFd directory(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    throw std::system_error(errno, std::system_category(),
                            fmt::format("Subprocess: cannot use the directory \"{}\"", path));
  }
  return above_standard(std::move(directory));
}

/// Connects standard output or error. `child_end` must stay open until the child runs.
void connect_output(FileActions& actions, Stdio mode, int target, UniqueFd& child_end,
                    UniqueFd& our_end) {
  if (mode == Stdio::null) actions.open_null(target);
  if (mode == Stdio::same_as_stdout) actions.duplicate(STDOUT_FILENO, target);
  if (mode != Stdio::stream) return;
  Pipe pipe;
  actions.duplicate(pipe.write_end.get(), target);
  child_end = std::move(pipe.write_end);
  our_end = std::move(pipe.read_end);
}

void connect_input(FileActions& actions, Stdio mode, UniqueFd& child_end, UniqueFd& our_end) {
  if (mode == Stdio::null) actions.open_null(STDIN_FILENO);
  if (mode != Stdio::stream) return;
  Pipe pipe;
  actions.duplicate(pipe.read_end.get(), STDIN_FILENO);
  child_end = std::move(pipe.read_end);
  our_end = std::move(pipe.write_end);
}

}  // namespace

SpawnedChild spawn(const SubprocessOptions& options) {
  check_options(options);
  SpawnedChild child;
  FileActions actions;
  UniqueFd directory;
  if (!options.working_directory.empty()) {
    directory = open_directory(options.working_directory);
    actions.change_directory(directory.get());
  }
  UniqueFd ends[3];  // the child's, closed here when it runs
  connect_input(actions, options.stdin_mode, ends[0], child.stdin_fd);
  connect_output(actions, options.stdout_mode, STDOUT_FILENO, ends[1], child.stdout_fd);
  connect_output(actions, options.stderr_mode, STDERR_FILENO, ends[2], child.stderr_fd);
  actions.close_others();
  const Attributes attributes(options.group);
  const std::vector<std::string> environment = environment_of(options);
  const std::vector<char*> argv = pointers_to(options.argv);
  // The C library's `posix_spawn` shares its memory with the child until `exec` and so knows
  // why that failed; it is safe with threads, and its cost does not grow with the process.
  const int error = ::posix_spawnp(&child.pid, argv.front(), actions.get(), attributes.get(),
                                   argv.data(), pointers_to(environment).data());
  if (error != 0) {
    throw std::system_error(error, std::system_category(),
                            fmt::format("Subprocess: cannot run \"{}\"", options.argv.front()));
  }
  return child;
}

}  // namespace funnel::detail
