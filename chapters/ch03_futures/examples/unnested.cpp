// Gets a page, with a step for each thing that takes time, and one place for what goes wrong:
//
//     unnested [--port N]     N is where a server listens on this machine; 8001 if it is not given
//
// Start one with ./learn run 2 hello --port 8001.

#include <funnel/callback_stream.h>
#include <funnel/client_response.h>
#include <funnel/future.h>
#include <funnel/httputil.h>
#include <funnel/ioloop.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

#include "arguments.h"

namespace {

using funnel::as_future;
using funnel::CallbackStream;
using funnel::Future;
using Stream = std::shared_ptr<CallbackStream>;

constexpr std::size_t max_head_bytes = std::size_t{64} * 1024;

// #region steps
Future<Stream> connect(std::uint16_t port) {
  return as_future<Stream>(
      [port](auto callback) { CallbackStream::connect("127.0.0.1", port, callback); });
}

Future<std::string> read_head(const Stream& stream) {
  return as_future<std::string>([stream](auto callback) {
    // The callback holds the stream: nobody else does while the head is on its way.
    stream->read_until("\r\n\r\n", max_head_bytes,
                       [stream, callback](const auto& head) { callback(head); });
  });
}

Future<std::string> read_body(const Stream& stream, const std::string& head_text) {
  const funnel::ResponseHead head = funnel::parse_response_head(head_text).value();
  const auto size = funnel::detail::body_size(head, "GET").value();
  return as_future<std::string>([stream, size](auto callback) {
    const auto hold = [stream, callback](const auto& body) { callback(body); };
    if (!size) return stream->read_until_close(hold);
    stream->read_bytes(static_cast<std::size_t>(*size), hold);
  });
}

Future<std::string> fetch(std::uint16_t port) {
  return connect(port).then([](const Stream& stream) {
    stream->write("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n");
    return read_head(stream).then(
        [stream](const std::string& head) { return read_body(stream, head); });
  });
}
// #endregion steps

void run(std::uint16_t port) {
  funnel::IOLoop loop;
  const Future<std::string> body = fetch(port);
  body.add_done_callback([&loop](const auto&) { loop.stop(); });
  loop.start();
  fmt::print("{}", body.result());  // or throws whatever has failed, in any of the steps
}

}  // namespace

int main(int argc, char** argv) { return run_server("unnested", argc, argv, run); }
