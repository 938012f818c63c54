#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

/// @file
/// What the fetch programs of all chapters share: their command line and their output. Given.

namespace fetch_program {

// Slow servers are what these programs are for: slowserver takes up to a minute to respond.
inline constexpr auto patience = std::chrono::seconds(90);

inline const auto program_start = std::chrono::steady_clock::now();

inline double seconds_since_start() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - program_start).count();
}

/// Returns the text as JSON has it, in quotes.
inline std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char byte : text) {
    const bool is_control = static_cast<unsigned char>(byte) < 0x20;
    if (is_control) {
      out += fmt::format("\\u{:04x}", static_cast<int>(byte));
      continue;
    }
    if (byte == '"' || byte == '\\') out += '\\';
    out += byte;
  }
  return out + '"';
}

/// Prints a line of JSON for a request when it is over. Any thread.
class Report {
 public:
  explicit Report(std::string url) : url_(std::move(url)), start_(seconds_since_start()) {}

  /// There was a response with this status, and a body of so many bytes.
  void succeeded(int status, std::size_t bytes) const {
    const std::string error =
        status < 400 ? "null" : quoted(fmt::format("the server responded {}", status));
    print(std::to_string(status), bytes, error);
  }
  void failed(std::string_view error) const { print("null", 0, quoted(error)); }

 private:
  void print(const std::string& status, std::size_t bytes, const std::string& error) const {
    const std::string line =
        fmt::format(R"({{"bytes":{},"end":{},"error":{},"start":{},"status":{},"url":{}}})"
                    "\n",
                    bytes, seconds_since_start(), error, start_, status, quoted(url_));
    // In one call: two of them, and another thread's line might come in between.
    std::fwrite(line.data(), 1, line.size(), stdout);
  }

  std::string url_;
  double start_;
};

/// The words of the command line. `mode` is one of those that the program has, or empty.
struct Arguments {
  std::string mode;
  std::size_t concurrency = 1;
  std::vector<std::string> urls;
};

inline std::size_t parse_concurrency(std::string_view text) {
  std::size_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || value == 0) {
    throw std::invalid_argument("--concurrency takes a number from 1");
  }
  return value;
}

/// Throws `std::invalid_argument`, with how the program is to be used, for any other words than
/// `[MODE] [--concurrency K] URL...`. `-` stands for the lines of standard input.
inline Arguments parse_arguments(const std::vector<std::string>& words,
                                 const std::vector<std::string>& modes) {
  Arguments arguments;
  for (std::size_t i = 0; i < words.size(); ++i) {
    bool is_mode = false;
    for (const std::string& mode : modes) is_mode = is_mode || words[i] == mode;
    if (is_mode) {
      arguments.mode = words[i];
    } else if (words[i] == "--concurrency") {
      arguments.concurrency = parse_concurrency(++i < words.size() ? words[i] : "");
    } else if (words[i] == "-") {
      for (std::string url; std::getline(std::cin, url);) arguments.urls.push_back(url);
    } else if (words[i].starts_with("-")) {
      throw std::invalid_argument("unknown option " + words[i]);
    } else {
      arguments.urls.push_back(words[i]);
    }
  }
  if ((!modes.empty() && arguments.mode.empty()) || arguments.urls.empty()) {
    std::string usage = "usage: fetch ";
    for (const std::string& mode : modes) usage += mode + (mode == modes.back() ? " " : "|");
    throw std::invalid_argument(usage +
                                "[--concurrency K] URL... (or - to read them from standard input)");
  }
  return arguments;
}

/// Calls `fetch` with the command line's arguments. Returns the exit status of the program, and
/// prints what went wrong.
template <typename Fetch>
int run(int argc, char** argv, const std::vector<std::string>& modes, Fetch fetch) {
  try {
    const Arguments arguments =
        parse_arguments(std::vector<std::string>(argv + 1, argv + argc), modes);
    std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);  // each line is seen when it is printed
    fetch(arguments);
    return 0;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "fetch: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "fetch: {}\n", error.what());
    return 1;
  }
}

}  // namespace fetch_program
