#include <funnel/trace.h>

#include <cxxabi.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <typeinfo>

#include <fmt/format.h>

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

thread_local std::uint64_t current_turn = 0;
thread_local std::uint64_t running = 0;  // the id of what runs on this thread

/// Returns the text as it stands between quotes in JSON; control characters become spaces.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

}  // namespace

bool enabled() noexcept { return file().stream != nullptr; }

void write(std::string_view kind, std::uint64_t id, std::string_view name) {
  if (!enabled()) return;
  File& out = file();
  const std::lock_guard lock(out.mutex);
  const std::chrono::nanoseconds time = std::chrono::steady_clock::now() - out.begin;
  const std::string line = fmt::format(
      R"({{"seq":{},"time_ns":{},"turn":{},"kind":"{}","id":{},"parent":{},"name":"{}"}})"
      "\n",
      ++out.lines, time.count(), current_turn, kind, id, running, escaped(name));
  std::fwrite(line.data(), 1, line.size(), out.stream);
  std::fflush(out.stream);  // a program that is ended by Ctrl-C leaves a whole trace
}

void note(std::string_view text) { write("note", running, text); }

std::uint64_t next_id() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

void set_turn(std::uint64_t turn) noexcept { current_turn = turn; }

Running::Running(std::string_view kind, std::uint64_t id, std::string_view name)
    : kind_(kind), id_(id), before_(running) {
  if (enabled()) write(fmt::format("{}.run", kind_), id_, name);
  running = id_;
}

Running::~Running() {
  running = before_;
  if (enabled()) write(fmt::format("{}.end", kind_), id_);
}

std::string name_of(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : type.name();
}

}  // namespace funnel::trace
