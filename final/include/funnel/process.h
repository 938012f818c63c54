#pragma once

#include <funnel/iostream.h>
#include <funnel/task.h>

#include <csignal>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace funnel::detail {
class SubprocessCore;
}

namespace funnel::process {

/// What one of a child's three standard streams is connected to.
enum class Stdio {
  inherit,         ///< What this process has.
  null,            ///< `/dev/null`: reads an end, swallows what is written.
  stream,          ///< A pipe to this process, whose other end is an `IOStream`.
  same_as_stdout,  ///< What the child's standard output is; for standard error only.
};

/// Whom a child's signals reach, and which signals reach the child.
enum class ProcessGroup {
  inherit,      ///< This process's group: Ctrl-C reaches both, `kill` only the child itself.
  own,          ///< A new group: `kill` reaches the child and all that it started.
  own_session,  ///< A new session, and so a new group, without a controlling terminal.
};

/// Says what `Subprocess` is to start. Copy or move it freely; any thread, as a value.
class SubprocessOptions {
 public:
  /// Takes the program and its arguments. No shell reads them: to use one, say
  /// `{"/bin/sh", "-c", command}`.
  explicit SubprocessOptions(std::vector<std::string> arguments) : argv(std::move(arguments)) {}

  /// The program, then its arguments, without NUL bytes. A program without a slash is looked
  /// up in this process's `PATH`, a relative path with one from `working_directory`.
  std::vector<std::string> argv;
  /// Where the child starts; empty for this process's working directory.
  std::string working_directory;
  /// Variables that the child has in addition to, or instead of, those that it inherits.
  std::map<std::string, std::string> environment;
  /// Whether the child has this process's variables too.
  bool inherit_environment = true;

  Stdio stdin_mode = Stdio::null;
  Stdio stdout_mode = Stdio::inherit;
  Stdio stderr_mode = Stdio::inherit;
  ProcessGroup group = ProcessGroup::own;
};

/// Says that a child ended with a status other than 0 (`subprocess.CalledProcessError`).
class CalledProcessError : public std::runtime_error {
 public:
  CalledProcessError(const std::string& program, int status);

  /// The exit status, or the negative number of the signal that ended the child.
  int returncode() const noexcept { return status_; }

 private:
  int status_;
};

/// A program that runs in a child process (`tornado.process.Subprocess`).
///
/// The child has the three standard streams of the options and no other descriptor of this
/// process, no signal blocked, and every signal's default disposition. This process's own
/// dispositions stay as they are; `SIGCHLD` is not used.
///
/// **Lifetime.** The child lives no longer than this: the destructor sends `SIGKILL` to it,
/// and to its group if it has its own, and reaps it. That takes less than a millisecond as a
/// rule; what has not died after 25 ms is left to the loop to reap. If the loop ends first, it
/// waits once more as long, and leaves a zombie if that is not enough. Processes that left the
/// group by themselves live on, and so does the child if this process is killed. Until the
/// destructor an ended child keeps its number (it is a zombie), so that `kill` never meets a
/// stranger. Movable; the loop that was current at the construction must outlive it (checked).
///
/// **Threads.** The loop's only.
class Subprocess {
 public:
  /// Starts the program, on the current loop, and returns when it runs.
  ///
  /// Throws `std::system_error` that names the program if it cannot be run (`ENOENT`,
  /// `EACCES`, ...) or the directory if that cannot be used, and if the process is out of
  /// descriptors or memory; `std::invalid_argument` for an empty `argv` or program, a NUL byte,
  /// a bad variable name, or `same_as_stdout` anywhere but for standard error. Nothing is left
  /// of a child that could not be started.
  explicit Subprocess(const SubprocessOptions& options);
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;
  Subprocess(Subprocess&&) noexcept;
  Subprocess& operator=(Subprocess&&) noexcept;
  ~Subprocess();

  /// Returns the child's number, also after it has ended.
  int pid() const noexcept;

  /// Returns this process's end of a standard stream whose mode is `Stdio::stream`; asking for
  /// another one is a broken contract. The reference lives as long as the `Subprocess`, moved or
  /// not. `close_write` or `close` of `stdin_stream` makes the child read an end. A child
  /// whose output nobody reads stops when the pipe is full, and then does not exit.
  IOStream& stdin_stream();
  IOStream& stdout_stream();
  IOStream& stderr_stream();

  /// Waits until the child has ended and returns its exit status, or `-n` if signal `n` ended
  /// it. With `raise_error`, throws `CalledProcessError` instead of returning anything but 0.
  ///
  /// May be called before or after the end, again, and by several coroutines at once. Its output
  /// may still lie in the streams. Cancelling ends the wait, not the child. If the
  /// `Subprocess` is destroyed meanwhile, throws `Cancelled`. Throws `std::system_error` with
  /// `ECHILD` if somebody else took the status: a wait for any child elsewhere in the process,
  /// or an ignored `SIGCHLD`.
  Task<int> wait_for_exit(bool raise_error = true);

  /// Sends `signal` to the child, or to its whole group if it has its own, even if the child
  /// itself has ended. Harmless if there is nobody left. Throws `std::system_error` for a
  /// number that is not a signal's (0 is none), or if the child has put itself beyond this
  /// process's reach.
  void kill(int signal = SIGTERM);

 private:
  std::unique_ptr<detail::SubprocessCore> core_;
};

}  // namespace funnel::process
