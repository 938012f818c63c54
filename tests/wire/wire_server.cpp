// A server for the tests of this folder, which talk to it over real sockets.
//
// wire_server [NAME=VALUE...], where NAME is header_timeout, body_timeout, idle_timeout (in
// milliseconds) or max_body (in bytes). Prints `listening on http://127.0.0.1:PORT`.

#include <funnel/gen.h>
#include <funnel/httpserver.h>
#include <funnel/httputil.h>
#include <funnel/ioloop.h>
#include <funnel/log.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace funnel;

constexpr std::string_view text_plain = "Content-Type: text/plain\r\n";

/// Returns the number behind the `?` of the target.
std::uint64_t number_in(const HTTPServerRequest& request) {
  return parse_int(request.query()).value_or(0);
}

/// Answers after so many milliseconds.
Task<> sleep_first(HTTPServerRequest& request, HTTPConnection& connection) {
  co_await gen::sleep(std::chrono::milliseconds(number_in(request)));
  connection.respond(200, "OK", text_plain, "awake");
}

/// Sends so many bytes in pieces, in step with the client.
Task<> send_pieces(HTTPServerRequest& request, HTTPConnection& connection) {
  connection.write_headers(200, "OK", text_plain, std::nullopt);
  const std::string piece(10'000, 'x');
  for (std::uint64_t left = number_in(request); left > 0;) {
    const std::uint64_t size = std::min<std::uint64_t>(left, piece.size());
    co_await connection.write(std::string_view(piece).substr(0, size));
    left -= size;
  }
  connection.finish();
}

Task<> handle(HTTPServerRequest& request, HTTPConnection& connection) {
  const std::string_view path = request.path();
  if (path == "/sleep") return sleep_first(request, connection);
  if (path == "/pieces") return send_pieces(request, connection);
  if (path == "/echo") {
    connection.respond(200, "OK", text_plain, request.body());
  } else if (path == "/size") {
    connection.respond(200, "OK", text_plain, std::to_string(request.body().size()));
  } else if (path == "/bytes") {
    connection.respond(200, "OK", text_plain, std::string(number_in(request), 'x'));
  } else if (path == "/") {
    connection.respond(200, "OK", text_plain, "Hello, world");
  } else {
    connection.respond(404, "Not Found", text_plain, "not found");
  }
  return {};
}

bool take_option(std::string_view argument, HTTPServerOptions& options) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = argument.substr(0, equals);
  const std::optional<std::uint64_t> value = parse_int(argument.substr(equals + 1));
  if (!value) return false;
  const std::chrono::milliseconds time(*value);
  if (name == "header_timeout") {
    options.header_timeout = time;
  } else if (name == "body_timeout") {
    options.body_timeout = time;
  } else if (name == "idle_timeout") {
    options.idle_connection_timeout = time;
  } else if (name == "max_body") {
    options.max_body_size = *value;
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  HTTPServerOptions options;
  for (int i = 1; i < argc; ++i) {
    if (!take_option(argv[i], options)) {
      std::fprintf(stderr, "wire_server: bad argument '%s'\n", argv[i]);
      return 2;
    }
  }
  log::set_level(log::Level::warning);
  HTTPServer server(handle, options);
  server.listen(0, "127.0.0.1");
  std::printf("listening on http://127.0.0.1:%u\n", static_cast<unsigned>(server.port()));
  std::fflush(stdout);
  IOLoop::current().start();
}
