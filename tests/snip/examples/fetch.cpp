// The fetch programs as book/compare.md shows them: without what prints, measures and goes wrong.

#include <funnel/gen.h>
#include <funnel/httpclient.h>
#include <funnel/simple_httpclient.h>

#include <string>
#include <utility>
#include <vector>

using funnel::AsyncHTTPClient;
using funnel::HTTPResponse;
using funnel::Task;
namespace gen = funnel::gen;

void report(const HTTPResponse& page);

void fetch_one_by_one(const std::vector<std::string>& urls) {
  funnel::HTTPClient client;
  // #region one-by-one
  for (const std::string& url : urls) {
    // Returns when the page is there.
    HTTPResponse page = client.fetch(url);
    report(page);
  }
  // #endregion one-by-one
}

// #region fetch-one
Task<> fetch_one(std::string url) {
  AsyncHTTPClient client;
  // Lets others run until the page is there.
  HTTPResponse page = co_await client.fetch(url);
  report(page);
}
// #endregion fetch-one

// #region fetch-all
Task<> fetch_all(std::vector<std::string> urls) {
  std::vector<Task<>> fetches;
  fetches.reserve(urls.size());
  for (const std::string& url : urls) fetches.push_back(fetch_one(url));
  co_await gen::multi(std::move(fetches));
}
// #endregion fetch-all
