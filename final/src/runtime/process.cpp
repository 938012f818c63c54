#include <funnel/process.h>

#include "core/loop_core.h"
#include "runtime/process_child.h"
#include "runtime/process_spawn.h"

#include <fmt/format.h>
#include <funnel/assert.h>

#include <cerrno>
#include <optional>

namespace funnel {

namespace detail {

class SubprocessCore {
 public:
  explicit SubprocessCore(const process::SubprocessOptions& options)
      : loop_(IOLoop::current()), program_(options.argv.empty() ? "" : options.argv.front()) {
    SpawnedChild spawned = spawn(options);
    child_ = std::make_shared<ChildProcess>(loop_, spawned.pid,
                                            options.group != process::ProcessGroup::inherit,
                                            open_pidfd(spawned.pid));
    if (spawned.stdin_fd) stdin_.emplace(pipe_stream(spawned.stdin_fd.release()));
    if (spawned.stdout_fd) stdout_.emplace(pipe_stream(spawned.stdout_fd.release()));
    if (spawned.stderr_fd) stderr_.emplace(pipe_stream(spawned.stderr_fd.release()));
    child_->watch();
    loop_.core().resource_added();
  }
  SubprocessCore(const SubprocessCore&) = delete;
  SubprocessCore& operator=(const SubprocessCore&) = delete;
  ~SubprocessCore() {
    child_->end();
    loop_.core().resource_removed();
  }

  ChildProcess& child() const noexcept { return *child_; }
  const std::string& program() const noexcept { return program_; }
  std::optional<IOStream>& standard_input() noexcept { return stdin_; }
  std::optional<IOStream>& standard_output() noexcept { return stdout_; }
  std::optional<IOStream>& standard_error() noexcept { return stderr_; }

 private:
  IOLoop& loop_;
  std::string program_;
  std::shared_ptr<ChildProcess> child_;
  std::optional<IOStream> stdin_;
  std::optional<IOStream> stdout_;
  std::optional<IOStream> stderr_;
};

}  // namespace detail

namespace process {

namespace {

std::string describe(const std::string& program, int status) {
  if (status >= 0) return fmt::format("\"{}\" exited with status {}", program, status);
  return fmt::format("\"{}\" was ended by signal {}", program, -status);
}

// Apart from the `Subprocess`, which may go away before the wait does.
Task<int> wait(Future<int> exited, std::string program, bool raise_error) {
  const int status = co_await exited;
  if (raise_error && status != 0) throw CalledProcessError(program, status);
  co_return status;
}

}  // namespace

CalledProcessError::CalledProcessError(const std::string& program, int status)
    : std::runtime_error(describe(program, status)), status_(status) {}

Subprocess::Subprocess(const SubprocessOptions& options)
    : core_(std::make_unique<funnel::detail::SubprocessCore>(options)) {}
Subprocess::Subprocess(Subprocess&&) noexcept = default;
Subprocess& Subprocess::operator=(Subprocess&&) noexcept = default;
Subprocess::~Subprocess() = default;

int Subprocess::pid() const noexcept { return core_->child().pid(); }

IOStream& Subprocess::stdin_stream() {
  FUNNEL_ASSERT(core_->standard_input(), "a Subprocess was made without stdin_mode = stream");
  return *core_->standard_input();
}

IOStream& Subprocess::stdout_stream() {
  FUNNEL_ASSERT(core_->standard_output(), "a Subprocess was made without stdout_mode = stream");
  return *core_->standard_output();
}

IOStream& Subprocess::stderr_stream() {
  FUNNEL_ASSERT(core_->standard_error(), "a Subprocess was made without stderr_mode = stream");
  return *core_->standard_error();
}

Task<int> Subprocess::wait_for_exit(bool raise_error) {
  return wait(core_->child().exited(), core_->program(), raise_error);
}

void Subprocess::kill(int signal) {
  // 0 asks the system only whether there is somebody.
  const int error = signal > 0 ? core_->child().signal(signal) : EINVAL;
  if (error == 0) return;
  throw std::system_error(error, std::system_category(),
                          fmt::format("Subprocess: cannot signal \"{}\"", core_->program()));
}

}  // namespace process

}  // namespace funnel
