// Gets 20 pages at once, one of which comes too late:
//
//     together

#include <funnel/callback_stream.h>
#include <funnel/future.h>
#include <funnel/ioloop.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "slow_pages.h"

namespace {

using funnel::as_future;
using funnel::CallbackStream;
using funnel::Future;
using namespace std::chrono_literals;
using Stream = std::shared_ptr<CallbackStream>;

Future<std::string> get(std::uint16_t port, int delay_ms) {
  const auto connected = as_future<Stream>(
      [port](auto callback) { CallbackStream::connect("127.0.0.1", port, callback); });
  return connected.then([delay_ms](const Stream& stream) {
    stream->write(fmt::format("{}\n", delay_ms));
    return as_future<std::string>([stream](auto callback) {
      // The callback holds the stream: nobody else does.
      stream->read_until("\n", 100, [stream, callback](const auto& line) { callback(line); });
    });
  });
}

}  // namespace

int main() {
  funnel::IOLoop loop;
  const SlowPages server;
  const auto begin = loop.time();
  // #region together
  std::vector<Future<std::string>> pages;
  for (int i = 0; i < 20; ++i) {
    const int delay_ms = i == 7 ? 60'000 : 100;
    pages.push_back(with_timeout(500ms, get(server.port(), delay_ms)));
  }
  const Future<std::vector<std::string>> all = multi(pages);
  // #endregion together
  all.add_done_callback([&loop](const auto&) { loop.stop(); });
  loop.start();
  const std::chrono::duration<double> took = loop.time() - begin;
  int in_time = 0;
  for (const Future<std::string>& page : pages) {
    if (!page.exception()) ++in_time;
  }
  fmt::print("{} of {} pages came in time, after {:.1f} s\n", in_time, pages.size(), took.count());
  try {
    all.result();
  } catch (const std::exception& error) {
    fmt::print("all of them: {}\n", error.what());
  }
}
