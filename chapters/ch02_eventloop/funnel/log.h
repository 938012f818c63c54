#pragma once

#include <functional>
#include <string_view>

/// @file
/// The three loggers (`tornado.log`). Any thread.

namespace funnel::log {

enum class Level { debug, info, warning, error, off };

/// One of three channels. Messages below its level are dropped.
class Logger {
 public:
  constexpr explicit Logger(std::string_view name) noexcept : name_(name) {}
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;
  ~Logger() = default;

  std::string_view name() const noexcept { return name_; }
  /// `Level::info` at first. Not synchronised: set it before there are other threads.
  void set_level(Level level) noexcept { level_ = level; }
  bool enabled(Level level) const noexcept { return level >= level_; }

  void debug(std::string_view message) const { write(Level::debug, message); }
  void info(std::string_view message) const { write(Level::info, message); }
  void warning(std::string_view message) const { write(Level::warning, message); }
  void error(std::string_view message) const { write(Level::error, message); }
  void write(Level level, std::string_view message) const;

 private:
  std::string_view name_;
  Level level_ = Level::info;
};

/// Requests that got a response (`tornado.access`).
Logger& access() noexcept;
/// Errors in the application's own code (`tornado.application`).
Logger& app() noexcept;
/// Everything else (`tornado.general`).
Logger& gen() noexcept;

/// Takes a record instead of standard error. Must not log itself. What it throws is ignored.
using Sink = std::function<void(const Logger&, Level, std::string_view message)>;

/// Replaces where records go; an empty sink restores the default, which writes
/// `[I 261120 18:30:01 access] message` to standard error. Calls to the sink are serialised.
/// Returns the sink that was there before.
Sink set_sink(Sink sink);

}  // namespace funnel::log
