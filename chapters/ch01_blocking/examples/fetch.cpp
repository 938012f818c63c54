// Gets pages, one after the other or with a thread for each:
//
//     fetch --sync|--threads [--concurrency K] URL... (or - to read them from standard input)
//
// Prints a line of JSON for each. With --threads, K threads wait at a time; 1 if it is not given.

#include <funnel/httpclient.h>

#include <algorithm>
#include <atomic>
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
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace {

// Slow servers are what this program is for: slowserver takes up to a minute to respond.
constexpr auto patience = std::chrono::seconds(90);

const auto program_start = std::chrono::steady_clock::now();

double seconds_since_start() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - program_start).count();
}

/// Returns the text as JSON has it, in quotes.
std::string quoted(std::string_view text) {
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

/// Prints a line for a request when it is over. Any thread.
class Report {
 public:
  explicit Report(std::string url) : url_(std::move(url)), start_(seconds_since_start()) {}

  void succeeded(const funnel::HTTPResponse& response) const {
    const std::string error = response.code < 400
                                  ? "null"
                                  : quoted(fmt::format("the server responded {}", response.code));
    print(std::to_string(response.code), response.body.size(), error);
  }
  void failed(const std::exception& error) const { print("null", 0, quoted(error.what())); }

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

void fetch_one(const std::string& url) {
  const Report report(url);
  try {
    funnel::HTTPRequest request(url);
    request.connect_timeout = request.request_timeout = patience;
    // Here this thread is blocked until the whole response has arrived.
    report.succeeded(funnel::HTTPClient().fetch(request, false));
  } catch (const std::exception& error) {
    report.failed(error);
  }
}

void fetch_one_by_one(const std::vector<std::string>& urls) {
  for (const std::string& url : urls) fetch_one(url);
}

/// Each thread fetches a page, and the next one that nobody has taken yet, until all are taken.
void fetch_in_threads(const std::vector<std::string>& urls, std::size_t concurrency) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < urls.size(); i = next++) fetch_one(urls[i]);
  };
  std::vector<std::thread> threads;
  const std::size_t wanted = std::min(concurrency, urls.size());
  threads.reserve(wanted);  // so that nothing but a thread can fail below
  try {
    while (threads.size() < wanted) threads.emplace_back(work);
  } catch (const std::system_error& error) {
    // Those that run, and this one, get everything; it takes longer.
    fmt::print(stderr, "fetch: only {} threads: {}\n", threads.size(), error.what());
    work();
  }
  for (std::thread& thread : threads) thread.join();
}

struct Arguments {
  bool sync = false;
  std::size_t concurrency = 1;
  std::vector<std::string> urls;
};

std::size_t parse_concurrency(std::string_view text) {
  std::size_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || value == 0) {
    throw std::invalid_argument("--concurrency takes a number from 1");
  }
  return value;
}

Arguments parse_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  bool mode_given = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--sync" || words[i] == "--threads") {
      arguments.sync = words[i] == "--sync";
      mode_given = true;
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
  if (!mode_given || arguments.urls.empty()) {
    throw std::invalid_argument(
        "usage: fetch --sync|--threads [--concurrency K] URL... (or - to read them from standard "
        "input)");
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Arguments arguments = parse_arguments(std::vector<std::string>(argv + 1, argv + argc));
    std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);  // each line is seen when it is printed
    if (arguments.sync) {
      fetch_one_by_one(arguments.urls);
    } else {
      fetch_in_threads(arguments.urls, arguments.concurrency);
    }
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "fetch: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "fetch: {}\n", error.what());
    return 1;
  }
}
