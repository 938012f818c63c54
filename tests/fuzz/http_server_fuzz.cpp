// Feeds one stream of bytes to a server, whole and in pieces: the answers must be the same,
// and a client must be able to parse them.

#include <funnel/gen.h>
#include <funnel/httpserver.h>
#include <funnel/ioloop.h>
#include <funnel/log.h>
#include <funnel/testing.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/parser.h"

namespace {

using namespace funnel;
using namespace std::chrono_literals;

/// The first two bytes of the input say how the rest is sent.
struct Setting {
  bool end_sending;  // the client ends its side behind the last byte
  bool let_time_pass;
  std::size_t piece;  // bytes that are sent at once
};

void require(bool condition) {
  if (!condition) std::abort();
}

std::string fields_for(const HTTPServerRequest& request) {
  return "X-Method: " + std::string(request.method()) + "\r\n";
}

Task<> answer_later(HTTPServerRequest& request, HTTPConnection& connection) {
  co_await gen::sleep(0s);
  connection.respond(200, "OK", fields_for(request), request.body());
}

Task<> answer_in_pieces(HTTPServerRequest& request, HTTPConnection& connection) {
  connection.write_headers(200, "OK", fields_for(request), std::nullopt);
  for (const auto& field : request.headers()) {
    co_await connection.write(field.second);
    co_await gen::sleep(0s);
  }
  connection.finish();
}

Task<> handle(HTTPServerRequest& request, HTTPConnection& connection) {
  if (request.path().starts_with("/l")) return answer_later(request, connection);
  if (request.path().starts_with("/p")) return answer_in_pieces(request, connection);
  if (request.path().starts_with("/n")) {
    connection.respond(204, "No Content", fields_for(request), "");
  } else {
    connection.respond(200, "OK", fields_for(request), request.uri());
  }
  return {};
}

HTTPServerOptions small_limits() {
  HTTPServerOptions options;
  options.max_request_line = 200;
  options.max_header_size = 500;
  options.max_header_lines = 8;
  options.max_body_size = 300;
  return options;
}

Task<> collect(std::shared_ptr<IOStream> stream, std::string* received) {
  try {
    for (;;) {
      const std::string bytes = co_await stream->read_bytes(std::size_t{64} * 1024, true);
      *received += bytes;
    }
  } catch (const StreamClosedError&) {
  }
}

/// Returns everything that the server answered.
std::string converse(const Setting& setting, std::string_view bytes, std::size_t piece) {
  testing::ManualClock clock;
  IOLoop loop(clock);
  std::string received;
  HTTPServer server(handle, small_limits());
  auto [client_end, served] = testing::memory_stream_pair();
  const auto client = std::make_shared<IOStream>(std::move(client_end));
  server.handle_stream(std::move(served), Address("192.0.2.1", 4711));
  spawn_callback(collect(client, &received));
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    (void)client->write(bytes.substr(at, piece));
    testing::run_ready(loop);
  }
  if (setting.end_sending) client->close_write();
  testing::run_ready(loop);
  for (int i = 0; setting.let_time_pass && i < 100; ++i) {
    clock.advance(1s);
    testing::run_ready(loop);
  }
  client->close();
  testing::run_ready(loop);
  require(server.connections() == 0);
  return received;
}

/// Removes what may differ: the date, and whether the server had to say that it waits.
std::string comparable(std::string text) {
  for (const std::string_view begin : {"Date: ", "HTTP/1.1 100 Continue\r\n"}) {
    for (std::size_t at = 0; (at = text.find(begin, at)) != std::string::npos;) {
      text.erase(at, text.find("\r\n", at) + 2 - at);
      if (begin.starts_with("HTTP")) text.erase(at, 2);
    }
  }
  return text;
}

/// Tells for each request that `bytes` begin with, the one that is refused or cut off too, how
/// its answer is framed: as one to HEAD as soon as a whole request line says so, else to GET.
std::vector<std::string> methods_in(std::string_view bytes) {
  const HTTPServerOptions options = small_limits();
  http::HeadLimits limits;
  limits.max_request_line = options.max_request_line;
  limits.max_header_bytes = options.max_header_size;
  limits.max_header_lines = options.max_header_lines;
  std::vector<std::string> methods;
  http::RequestHeadParser parser(limits);
  for (;;) {
    const http::ParseStatus status = parser.feed(bytes);
    methods.emplace_back(parser.to_head() ? "HEAD" : "GET");
    if (status != http::ParseStatus::done) return methods;
    http::BodyDecoder decoder(parser.head().framing, parser.head().content_length,
                              options.max_body_size, limits);
    bytes.remove_prefix(parser.head().size);
    while (decoder.status() == http::ParseStatus::need_more && !bytes.empty()) {
      bytes.remove_prefix(decoder.decode(bytes).consumed);
    }
    if (decoder.status() != http::ParseStatus::done) return methods;
    parser.reset();
  }
}

/// Takes one answer from the front of `bytes`, without those that precede it (100).
void take_answer(std::string_view& bytes, const std::string& request_method) {
  http::ResponseHeadParser parser;
  do {
    parser.reset(request_method);
    require(parser.feed(bytes) == http::ParseStatus::done);
    bytes.remove_prefix(parser.head().size);
  } while (parser.head().code < 200);
  const std::string_view* handled = parser.head().find("X-Method");
  require(handled == nullptr || (*handled == "HEAD") == (request_method == "HEAD"));
  http::BodyDecoder decoder(parser.head().framing, parser.head().content_length, 1 << 20);
  while (decoder.status() == http::ParseStatus::need_more && !bytes.empty()) {
    bytes.remove_prefix(decoder.decode(bytes).consumed);
  }
  decoder.end_of_stream();
  require(decoder.status() == http::ParseStatus::done);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  log::set_level(log::Level::off);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > std::size_t{8} * 1024) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Setting setting{
      .end_sending = (data[0] & 1) != 0,
      .let_time_pass = (data[0] & 2) != 0,
      .piece = std::size_t{data[1]} + 1,
  };
  const std::string whole = converse(setting, bytes, bytes.size());
  require(comparable(whole) == comparable(converse(setting, bytes, setting.piece)));
  const std::vector<std::string> methods = methods_in(bytes);
  std::string_view rest = whole;
  for (std::size_t i = 0; !rest.empty(); ++i) {
    require(i < methods.size());
    take_answer(rest, methods[i]);
  }
  return 0;
}
