#include "compare_handler.h"

#include <funnel/gen.h>
#include <funnel/log.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <string_view>
#include <system_error>
#include <utility>

namespace site {

namespace {

using funnel::Task;
using funnel::process::Subprocess;
using funnel::web::HTTPError;

constexpr funnel::Duration time_to_end = std::chrono::seconds(5);
constexpr std::size_t largest_piece = std::size_t{64} * 1024;

/// An error whose message the page shows.
class Refusal : public HTTPError {
 public:
  Refusal(int status, std::string sentence) : HTTPError(status), sentence_(std::move(sentence)) {}
  const std::string& sentence() const noexcept { return sentence_; }

 private:
  std::string sentence_;
};

// Only when the program is gone may the next one start: two at a time would measure each other.
// So the token is destroyed after the process, which its destructor kills if need be.
struct Program {
  Program(std::shared_ptr<void> token_, const funnel::process::SubprocessOptions& options)
      : token(std::move(token_)), process(options) {}

  std::shared_ptr<void> token;
  Subprocess process;
};

Task<> reap(std::unique_ptr<Program> program) {
  try {
    co_await funnel::gen::with_timeout(time_to_end, program->process.wait_for_exit(false));
  } catch (const std::system_error& error) {
    funnel::log::gen().warning(fmt::format("a comparison did not end by itself: {}", error.what()));
  }
}

/// A comparison that runs. Going away, because it is over or the reader has left, it asks the
/// program to end, so that this can clean up after itself, and sees to it in the background.
class Run {
 public:
  Run(Comparisons& comparisons, const funnel::process::SubprocessOptions& options)
      : program_(std::make_unique<Program>(comparisons.start(), options)) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    try {
      program_->process.kill(SIGTERM);
    } catch (const std::system_error&) {
      // It has ended, and somebody else has taken its status.
    }
    funnel::spawn_callback(reap(std::move(program_)));
  }

  Subprocess& process() noexcept { return program_->process; }

 private:
  std::unique_ptr<Program> program_;
};

/// Follows what the program says, to know what is missing when it ends.
class Output {
 public:
  void see(std::string_view piece) {
    while (!piece.empty()) {
      const std::size_t end = std::min(piece.find('\n'), piece.size());
      line_.append(piece.substr(0, std::min(end, longest_line - line_.size())));
      at_line_start_ = end < piece.size();
      piece.remove_prefix(at_line_start_ ? end + 1 : end);
      if (!at_line_start_) continue;
      told_end_ = told_end_ || tells_end(line_);
      line_.clear();
    }
  }
  /// Whether the program itself said how the run ended.
  bool told_end() const noexcept { return told_end_; }
  bool at_line_start() const noexcept { return at_line_start_; }

 private:
  static constexpr std::size_t longest_line = std::size_t{64} * 1024;  // no end is that long

  static bool tells_end(const std::string& line) {
    const auto event = nlohmann::json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("event")) return false;
    const auto& kind = event.at("event");
    return kind == "end" || kind == "error";
  }

  std::string line_;  // the begin of the last one
  bool at_line_start_ = true;
  bool told_end_ = false;
};

bool is_loopback(std::string_view host) {
  const std::string name = funnel::split_host_and_port(host).first;
  return name == "127.0.0.1" || name == "localhost" || name == "[::1]";
}

}  // namespace

std::shared_ptr<void> Comparisons::start() {
  *running_ = true;
  return {nullptr, [running = running_](void*) { *running = false; }};
}

void StatusHandler::get() {
  set_header("Content-Type", "application/json");
  set_header("Cache-Control", "no-store");
  write(R"({"server": "funnel"})");
}

Task<> CompareHandler::post() {
  require_own_page();
  const std::vector<std::string> command = command_line();
  if (comparisons_.running()) {
    throw Refusal(409, "A comparison is running already; try again when it has ended.");
  }
  funnel::process::SubprocessOptions options(command);
  options.stdout_mode = funnel::process::Stdio::stream;
  Run run(comparisons_, options);
  set_header("Content-Type", "application/x-ndjson");
  co_await flush();
  co_await pass_on(run.process());
}

Task<> CompareHandler::pass_on(Subprocess& process) {
  funnel::IOStream& stream = process.stdout_stream();
  Output output;
  for (;;) {
    std::string piece;
    try {
      piece = co_await stream.read_bytes(largest_piece, true);
    } catch (const funnel::StreamClosedError&) {
      break;
    }
    output.see(piece);
    write(piece);
    co_await flush();
  }
  const int status = co_await process.wait_for_exit(false);
  if (status == 0 || output.told_end()) co_return;
  const nlohmann::json event{
      {"event", "error"}, {"message", fmt::format("The comparison ended with status {}.", status)}};
  if (!output.at_line_start()) write("\n");
  write(event.dump() + "\n");
}

void CompareHandler::require_own_page() const {
  const std::string_view host = request().host();
  if (!is_loopback(host)) {
    throw Refusal(403, "A comparison can only be started on the machine that runs the server.");
  }
  const std::string_view origin = request().header("Origin").value_or("");
  if (origin != fmt::format("http://{}", host)) {
    throw Refusal(403, "A comparison can only be started from a page of this server.");
  }
}

int CompareHandler::number(std::string_view name, int least, int most) const {
  const std::string text = get_body_argument(name).value_or("");
  int value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || value < least ||
      value > most) {
    throw Refusal(400, fmt::format("{} must be a number from {} to {}.", name, least, most));
  }
  return value;
}

std::vector<std::string> CompareHandler::command_line() const {
  const int urls = number("urls", 1, 200);
  const int delay = number("delay", 0, 2000);
  const int concurrency = number("concurrency", 1, 200);
  std::vector<std::string> command = comparisons_.command();
  for (const auto& [option, value] : {std::pair("--urls", urls), std::pair("--delay", delay),
                                      std::pair("--concurrency", concurrency)}) {
    command.emplace_back(option);
    command.push_back(std::to_string(value));
  }
  return command;
}

void CompareHandler::write_error(int status_code, const std::exception_ptr& error) {
  set_header("Content-Type", "text/plain; charset=UTF-8");
  try {
    if (error) std::rethrow_exception(error);
  } catch (const Refusal& refusal) {
    finish(refusal.sentence());
    return;
  } catch (const std::exception&) {
    // The client learns its status only.
  }
  finish(fmt::format("{}.", funnel::reason_phrase(status_code)));
}

}  // namespace site
