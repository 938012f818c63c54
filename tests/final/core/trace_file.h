#pragma once

#include <funnel/trace.h>

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support.h"

/// Reads the trace of a case that runs in a process of its own: the variable is read only once.
namespace core_tests {

class TraceLine {
 public:
  unsigned long long seq = 0;
  long long time_ns = 0;
  unsigned long long turn = 0;
  std::string kind;
  unsigned long long id = 0;
  unsigned long long parent = 0;
  std::string name;
};

/// Takes a line apart. Fails the test if it is not exactly as documented.
inline TraceLine parse_trace_line(const std::string& text) {
  INFO(text);
  TraceLine line;
  std::array<char, 32> kind{};
  int end = 0;
  const int fields = std::sscanf(
      text.c_str(),
      R"({"seq":%llu,"time_ns":%lld,"turn":%llu,"kind":"%31[a-z.]","id":%llu,"parent":%llu,"name":"%n)",
      &line.seq, &line.time_ns, &line.turn, kind.data(), &line.id, &line.parent, &end);
  REQUIRE(fields == 6);
  REQUIRE(end > 0);
  REQUIRE(text.ends_with("\"}"));
  line.kind = kind.data();
  line.name = text.substr(static_cast<std::size_t>(end), text.size() - 2 - std::size_t(end));
  return line;
}

/// A trace that a case of this program has written.
class Trace {
 public:
  explicit Trace(const std::string& test_case) {
    char path[] = "/tmp/funnel-trace-XXXXXX";
    const int fd = ::mkstemp(path);
    REQUIRE(fd >= 0);
    ::close(fd);
    ::setenv("FUNNEL_TRACE", path, 1);
    const ChildEnd end = run_case(test_case);
    ::unsetenv("FUNNEL_TRACE");
    INFO(end.errors);
    CHECK(end.exited_with(0));
    std::ifstream file(path);
    for (std::string text; std::getline(file, text);) lines.push_back(parse_trace_line(text));
    ::unlink(path);
    for (std::size_t i = 0; i < lines.size(); ++i) REQUIRE(lines[i].seq == i + 1);
  }

  /// Returns the lines of one kind.
  std::vector<TraceLine> of(const std::string& kind) const {
    std::vector<TraceLine> found;
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(found),
                 [&](const TraceLine& line) { return line.kind == kind; });
    return found;
  }
  /// Returns the line of a note; there must be one.
  TraceLine note(const std::string& text) const {
    for (const TraceLine& line : of("note")) {
      if (line.name == text) return line;
    }
    FAIL("there is no note ", text);
    return {};
  }

  std::vector<TraceLine> lines;
};

}  // namespace core_tests
