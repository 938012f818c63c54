#include "core/loop_trace.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <utility>

// Grew from chapter 2's trace.cpp. Asio waits and runs what it finds in one call, and does not tell
// where the one ends and the other begins: hence `waiting`.

namespace funnel::trace {

namespace {

struct File {
  File() {
    const char* path = std::getenv("FUNNEL_TRACE");
    if (path == nullptr || *path == '\0') return;
    stream = std::fopen(path, "we");  // closed by exec
    if (stream == nullptr) std::perror("FUNNEL_TRACE");
  }

  std::FILE* stream = nullptr;
  std::mutex mutex;
  std::uint64_t lines = 0;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
};

File& file() {
  static File& shared = *new File;  // never destroyed: threads may still write
  return shared;
}

// Of this thread.
thread_local constinit std::uint64_t current_turn = 0;
thread_local constinit std::uint64_t current_id = 0;  // of what runs
thread_local constinit bool waiting = false;          // `poll.wait` was the last line

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
}

void put(std::string_view kind, std::uint64_t id, std::string_view name) {
  File& out = file();
  const std::lock_guard lock(out.mutex);
  const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - out.begin;
  std::string line =
      fmt::format(R"({{"seq":{},"time_ns":{},"turn":{},"kind":"{}","id":{},"parent":{},"name":")",
                  ++out.lines, time.count(), current_turn, kind, id, current_id);
  append_escaped(line, name);
  line += "\"}\n";
  std::fwrite(line.data(), 1, line.size(), out.stream);
  std::fflush(out.stream);  // a program that is killed leaves a whole trace
}

}  // namespace

void write(std::string_view kind, std::uint64_t id, std::string_view name) {
  end_wait();
  put(kind, id, name);
}

std::uint64_t next_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::uint64_t running() noexcept { return current_id; }

std::uint64_t write_added(std::string_view kind, const std::type_info& type) {
  const std::uint64_t id = next_id();
  write(fmt::format("{}.add", kind), id, name_of(type));
  return id;
}

void begin_wait(std::uint64_t turn) {
  current_turn = turn;
  put("poll.wait", 0, {});
  waiting = true;
}

void end_wait() {
  if (std::exchange(waiting, false)) put("poll.wake", 0, {});
}

Running::Running(std::string_view kind, std::uint64_t id, const std::type_info& type)
    : kind_(kind), id_(id) {
  if (!enabled()) return;
  write(fmt::format("{}.run", kind_), id_, name_of(type));
  before_ = std::exchange(current_id, id_);
}

Running::~Running() {
  if (!enabled()) return;
  current_id = before_;
  write(fmt::format("{}.end", kind_), id_);
}

}  // namespace funnel::trace

namespace funnel::detail {

constinit std::atomic<bool> trace_off{false};

bool open_trace() noexcept {
  if (trace::file().stream == nullptr) trace_off.store(true, std::memory_order_relaxed);
  return trace::file().stream != nullptr;
}

}  // namespace funnel::detail
