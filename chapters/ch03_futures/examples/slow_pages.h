#pragma once

#include <funnel/callback_stream.h>
#include <funnel/ioloop.h>
#include <funnel/result.h>
#include <funnel/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

/// A server for the examples, in the same process and on the same loop: it gets a line with a
/// number, waits for so many milliseconds, and sends a page.
class SlowPages {
 public:
  SlowPages() { server_.listen(0); }

  std::uint16_t port() const { return server_.port(); }

 private:
  static void serve(funnel::Socket socket) {
    const auto stream = funnel::CallbackStream::create(std::move(socket));
    stream->read_until("\n", 100, [stream](const funnel::Result<std::string>& line) {
      if (!line) return;
      const auto delay = std::chrono::milliseconds(number_in(*line));
      funnel::IOLoop::current().call_later(delay, [stream, delay] {
        stream->write(fmt::format("the page of {} ms\n", delay.count()));
      });
    });
  }
  static long number_in(const std::string& line) { return std::strtol(line.c_str(), nullptr, 10); }

  funnel::CallbackServer server_{serve};
};
