#include "story.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace test_support {

namespace {

using Clock = std::chrono::steady_clock;

struct Story {
  std::mutex mutex;
  Clock::time_point begin = Clock::now();
  int file = -1;
  std::string kept;
};

Story& story() {
  static Story& instance = *new Story;  // threads may tell until the very end
  return instance;
}

// Not ::write: the tests make that one misbehave.
void write_line(int fd, const std::string& line) {
  if (::syscall(SYS_write, fd, line.data(), line.size()) < 0) std::perror("the story");
}

void append_escaped(std::string& text, char character) {
  switch (character) {
    case '\r':
      text += "\\r";
      return;
    case '\n':
      text += "\\n";
      return;
    case '\t':
      text += "\\t";
      return;
    case '"':
    case '\\':
      text += '\\';
      text += character;
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(character);
  if (byte >= 0x20 && byte < 0x7f) {
    text += character;
  } else {
    char escape[5];
    std::snprintf(escape, sizeof escape, "\\x%02x", byte);
    text += escape;
  }
}

std::string escaped(std::string_view bytes) {
  std::string text;
  for (const char character : bytes) append_escaped(text, character);
  return text;
}

}  // namespace

void begin_story() {
  Story& current = story();
  const std::lock_guard lock(current.mutex);
  current.begin = Clock::now();
  current.kept.clear();
  const char* path = std::getenv("FUNNEL_STORY");
  // Opened before the test case begins, so that no test counts it as its own descriptor.
  if (path != nullptr && current.file < 0) {
    current.file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (current.file < 0) std::perror(path);
  }
  if (current.file >= 0) {
    const std::chrono::nanoseconds now = current.begin.time_since_epoch();
    write_line(current.file, "0.0\tbegin\t" + std::to_string(now.count()) + "\n");
    std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // each line is printed when it is whole
  }
}

void mark_failure() {
  Story& current = story();
  const bool to_file = [&] {
    const std::lock_guard lock(current.mutex);
    return current.file >= 0;
  }();
  if (to_file) tell("failed", "here");
}

void print_story() {
  Story& current = story();
  const std::lock_guard lock(current.mutex);
  if (!current.kept.empty()) std::fprintf(stderr, "What happened:\n%s", current.kept.c_str());
}

void tell(std::string_view who, std::string_view what) {
  Story& current = story();
  const std::lock_guard lock(current.mutex);
  const std::chrono::duration<double, std::milli> since = Clock::now() - current.begin;
  char time[32];
  const bool to_file = current.file >= 0;
  std::snprintf(time, sizeof time, to_file ? "%.1f" : "%8.1f ms", since.count());
  std::string line = time;
  const char* separator = to_file ? "\t" : "  ";
  line.append(separator).append(who);
  if (!to_file && who.size() < 8) line.append(8 - who.size(), ' ');
  line.append(separator).append(what).append("\n");
  if (to_file) {
    write_line(current.file, line);
  } else {
    current.kept += line;
  }
}

std::string shown(std::string_view bytes) {
  constexpr std::size_t most = 80;
  constexpr std::size_t end = 20;
  if (bytes.size() <= most) return '"' + escaped(bytes) + '"';
  const std::size_t begin = most - end;
  return '"' + escaped(bytes.substr(0, begin)) + "\" ... (" + std::to_string(bytes.size() - most) +
         " more) ... \"" + escaped(bytes.substr(bytes.size() - end)) + '"';
}

}  // namespace test_support
