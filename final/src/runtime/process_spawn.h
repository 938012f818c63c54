#pragma once

#include <funnel/process.h>

#include "net/unique_fd.h"

#include <sys/types.h>

namespace funnel::detail {

/// A child that runs, and this process's ends of its pipes.
class SpawnedChild {
 public:
  pid_t pid = -1;
  UniqueFd stdin_fd;
  UniqueFd stdout_fd;
  UniqueFd stderr_fd;
};

/// Starts the program; throws as the constructor of `Subprocess` says. Returns after the
/// child's `exec`.
SpawnedChild spawn(const process::SubprocessOptions& options);

}  // namespace funnel::detail
