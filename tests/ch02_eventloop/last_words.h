#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <functional>
#include <string>

namespace loops {

/// Calls `function` in a child process. Returns what it printed to standard error if it was ended
/// by `abort`, or else a sentence that says so. No other thread may run meanwhile.
inline std::string last_words(const std::function<void()>& function) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return "there is no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGABRT, SIG_DFL);  // doctest's handler would report it
    ::dup2(ends[1], STDERR_FILENO);
    function();
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string words;
  std::array<char, 4096> block{};
  for (ssize_t count = 0; (count = ::read(ends[0], block.data(), block.size())) > 0;) {
    words.append(block.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  const bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  return aborted ? words : "it was not ended by abort, and printed: " + words;
}

}  // namespace loops
