// Gets pages, one after the other, and does something with each that takes time. Then once more,
// with the next page on its way meanwhile (Tornado's guide calls that interleaving):
//
//     interleave

#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/iostream.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "slow_pages.h"

namespace {

using funnel::Future;
using funnel::IOStream;
using namespace std::chrono_literals;

constexpr int pages = 5;

Future<std::string> get_page(std::uint16_t port) {
  return IOStream::connect("127.0.0.1", port).then([](IOStream& connected) {
    const auto stream = std::make_shared<IOStream>(std::move(connected));
    stream->write("100\n");
    return stream->read_until("\n", 100).then([stream](const std::string& page) { return page; });
  });
}

/// Something that takes 100 ms and leaves the loop alone, such as writing to another server.
Future<> use(const std::string&) {
  const funnel::Promise<> promise;
  funnel::IOLoop::current().call_later(100ms, [promise] { promise.set_value(); });
  return promise.future();
}

// #region interleave
/// Gets a page, uses it, and so on.
Future<> one_by_one(std::uint16_t port, int left) {
  if (left == 0) return {};
  return get_page(port).then(use).then([port, left] { return one_by_one(port, left - 1); });
}

/// Uses a page while the next one is on its way.
Future<> interleaved(std::uint16_t port, const Future<std::string>& page, int left) {
  return page.then([port, left](const std::string& text) -> Future<> {
    if (left == 1) return use(text);
    const Future<std::string> next = get_page(port);  // begins now, and is waited for later
    return use(text).then([port, next, left] { return interleaved(port, next, left - 1); });
  });
}
// #endregion interleave

void measure(funnel::IOLoop& loop, const char* name, const std::function<Future<>()>& run) {
  const auto begin = loop.time();
  const Future<> done = run();
  done.add_done_callback([&loop](const auto&) { loop.stop(); });
  loop.start();
  done.result();
  const std::chrono::duration<double, std::milli> took = loop.time() - begin;
  fmt::print("{:12} {:.0f} ms\n", name, took.count());
}

}  // namespace

int main() {
  funnel::IOLoop loop;
  const SlowPages server;
  const std::uint16_t port = server.port();
  fmt::print("{} pages that take 100 ms each, and 100 ms to use each\n", pages);
  measure(loop, "one by one", [port] { return one_by_one(port, pages); });
  measure(loop, "interleaved", [port] { return interleaved(port, get_page(port), pages); });
}
