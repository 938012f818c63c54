// Gets pages, one after the other (--sync) or many at a time on one thread (--async).

#include <funnel/gen.h>
#include <funnel/httpclient.h>
#include <funnel/simple_httpclient.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using funnel::HTTPRequest;
using funnel::HTTPResponse;
using funnel::Task;

// Slow servers are what this program is for: slowserver takes up to a minute for an answer.
constexpr auto patience = std::chrono::seconds(90);

const auto program_start = std::chrono::steady_clock::now();

double seconds_since_start() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - program_start).count();
}

/// Prints a line of JSON for a request when it is over.
class Report {
 public:
  explicit Report(std::string url) : url_(std::move(url)), start_(seconds_since_start()) {}

  void succeeded(const HTTPResponse& response) const {
    if (response.code >= 400) {
      print(response.code, response.body.size(),
            "the server responded " + std::to_string(response.code));
    } else {
      print(response.code, response.body.size(), nullptr);
    }
  }
  void failed(const std::exception& error) const { print(nullptr, 0, error.what()); }

 private:
  void print(const nlohmann::json& status, std::size_t bytes, const nlohmann::json& error) const {
    const nlohmann::json line{{"url", url_},      {"start", start_}, {"end", seconds_since_start()},
                              {"status", status}, {"bytes", bytes},  {"error", error}};
    std::puts(line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  }

  std::string url_;
  double start_;
};

HTTPRequest request_for(std::string url) {
  HTTPRequest request(std::move(url));
  request.connect_timeout = request.request_timeout = patience;
  return request;
}

void fetch_one_by_one(const std::vector<std::string>& urls) {
  funnel::HTTPClient client;
  for (const std::string& url : urls) {
    const Report report(url);
    try {
      report.succeeded(client.fetch(request_for(url), false));
    } catch (const std::exception& error) {
      report.failed(error);
    }
  }
}

/// What the coroutines share that fetch side by side.
class Work {
 public:
  Work(std::vector<std::string> all, const funnel::AsyncHTTPClientOptions& options)
      : urls(std::move(all)), client(options) {}

  std::vector<std::string> urls;
  std::size_t next = 0;
  funnel::AsyncHTTPClient client;
};

Task<> fetch_one(std::shared_ptr<Work> work, std::string url) {
  const Report report(url);
  try {
    const HTTPResponse response = co_await work->client.fetch(request_for(url), false);
    report.succeeded(response);
  } catch (const std::exception& error) {
    report.failed(error);
  }
}

Task<> fetch_next(std::shared_ptr<Work> work) {
  while (work->next < work->urls.size()) {
    const std::string url = work->urls[work->next++];
    co_await fetch_one(work, url);
  }
}

// As many coroutines as there may be requests in flight; each takes the next URL when it is done
// with one.
Task<> fetch_together(std::vector<std::string> urls, std::size_t concurrency) {
  funnel::AsyncHTTPClientOptions options;
  options.max_clients = concurrency;
  const auto work = std::make_shared<Work>(std::move(urls), options);
  std::vector<Task<>> workers;
  for (std::size_t i = 0; i < std::min(concurrency, work->urls.size()); ++i) {
    workers.push_back(fetch_next(work));
  }
  co_await funnel::gen::multi(std::move(workers));
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
    if (words[i] == "--sync" || words[i] == "--async") {
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
        "usage: fetch --sync|--async [--concurrency K] URL... (or - to read them from standard "
        "input)");
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Arguments arguments = parse_arguments(std::vector<std::string>(argv + 1, argv + argc));
    std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);
    if (arguments.sync) {
      fetch_one_by_one(arguments.urls);
    } else {
      funnel::run_sync(fetch_together(arguments.urls, arguments.concurrency));
    }
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "fetch: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fetch: %s\n", error.what());
    return 1;
  }
}
