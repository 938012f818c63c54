// Gets pages, one after the other or with a thread for each:
//
//     fetch --sync|--threads [--concurrency K] URL... (or - to read them from standard input)
//
// Prints a line of JSON for each. With --threads, K threads wait at a time; 1 if it is not given.

#include <funnel/httpclient.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "fetch_program.h"

namespace {

void fetch_one(const std::string& url) {
  const fetch_program::Report report(url);
  try {
    funnel::HTTPRequest request(url);
    request.connect_timeout = request.request_timeout = fetch_program::patience;
    // Here this thread is blocked until the whole response has arrived.
    const funnel::HTTPResponse response = funnel::HTTPClient().fetch(request, false);
    report.succeeded(response.code, response.body.size());
  } catch (const std::exception& error) {
    report.failed(error.what());
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

}  // namespace

int main(int argc, char** argv) {
  const auto fetch = [](const fetch_program::Arguments& arguments) {
    if (arguments.mode == "--sync") {
      fetch_one_by_one(arguments.urls);
    } else {
      fetch_in_threads(arguments.urls, arguments.concurrency);
    }
  };
  return fetch_program::run(argc, argv, {"--sync", "--threads"}, fetch);
}
