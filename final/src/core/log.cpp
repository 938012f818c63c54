#include <funnel/log.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <string>
#include <utility>

namespace funnel::log {

namespace {

struct State {
  std::mutex mutex;
  Sink sink;
};

State& state() {
  static State& shared = *new State;  // never destroyed: objects that die later may still log
  return shared;
}

constexpr std::string_view letters = "DIWE";
constexpr std::array<std::string_view, 4> colours{"\033[34m", "\033[32m", "\033[33m", "\033[31m"};

void append_message(std::string& out, std::string_view message) {
  unsigned char before = 0;
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    // A terminal must not obey what a client sent: C0, DEL, and C1 as UTF-8 has it.
    const bool c1 = before == 0xC2 && byte >= 0x80 && byte < 0xA0;
    if (c == '\n') {
      out += "\n    ";
    } else if ((byte < 0x20 && c != '\t') || byte == 0x7F) {
      out += '?';
    } else if (c1) {
      out.back() = '?';
    } else {
      out += c;
    }
    before = byte;
  }
  out += '\n';
}

void write_to_stderr(const Logger& logger, Level level, std::string_view message) {
  static const bool colour = ::isatty(STDERR_FILENO) == 1;
  const auto index = static_cast<std::size_t>(level);
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::string line;
  if (colour) line += colours[index];
  line += fmt::format("[{} {:%y%m%d %H:%M:%S} {}]", letters[index], local, logger.name());
  if (colour) line += "\033[0m";
  line += ' ';
  append_message(line, message);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void Logger::write(Level level, std::string_view message) const {
  if (level == Level::off || !enabled(level)) return;
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  if (shared.sink) {
    shared.sink(*this, level, message);
  } else {
    write_to_stderr(*this, level, message);
  }
}

Logger& access() noexcept {
  static Logger logger("access");
  return logger;
}

Logger& app() noexcept {
  static Logger logger("app");
  return logger;
}

Logger& gen() noexcept {
  static Logger logger("general");
  return logger;
}

void set_level(Level level) noexcept {
  access().set_level(level);
  app().set_level(level);
  gen().set_level(level);
}

Sink set_sink(Sink sink) {
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  return std::exchange(shared.sink, std::move(sink));
}

}  // namespace funnel::log
