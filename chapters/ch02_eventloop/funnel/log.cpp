#include <funnel/log.h>

#include <cstdio>
#include <ctime>
#include <mutex>
#include <string>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

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

/// A message may hold what a client sent. Control characters could move the cursor or clear the
/// screen of a person who reads the log, so they are shown as `?`.
std::string printable(std::string_view message) {
  std::string text(message);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t') || byte == 0x7F) c = '?';
  }
  return text;
}

void write_to_stderr(const Logger& logger, Level level, std::string_view message) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  const char letter = "DIWE"[static_cast<int>(level)];
  const std::string line = fmt::format("[{} {:%y%m%d %H:%M:%S} {}] {}\n", letter, local,
                                       logger.name(), printable(message));
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace

void Logger::write(Level level, std::string_view message) const {
  if (level == Level::off || !enabled(level)) return;
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  if (shared.sink) {
    try {
      shared.sink(*this, level, message);
    } catch (...) {  // a log that fails must not end what it reports on
    }
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

Sink set_sink(Sink sink) {
  State& shared = state();
  const std::lock_guard lock(shared.mutex);
  return std::exchange(shared.sink, std::move(sink));
}

}  // namespace funnel::log
