// A server that answers slowly, for comparing ways of waiting: `/delay/MS` answers after so many
// milliseconds, `/bytes/N` sends so many bytes. One thread, however many requests wait.

#include <funnel/gen.h>
#include <funnel/log.h>
#include <funnel/web.h>

#include <fmt/format.h>

#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace {

using funnel::Task;
using funnel::web::HTTPError;

constexpr long max_delay_ms = 60'000;
constexpr std::uint64_t max_bytes = 1'000'000'000;
constexpr rlim_t enough_descriptors = 20'000;  // below it, the server warns

struct DelayHandler : funnel::web::RequestHandler {
  Task<> get(long milliseconds) {
    if (milliseconds < 0 || milliseconds > max_delay_ms) {
      throw HTTPError(400, "", fmt::format("The delay must be 0 to {} ms", max_delay_ms));
    }
    co_await funnel::gen::sleep(std::chrono::milliseconds(milliseconds));
    set_header("Content-Type", "text/plain; charset=UTF-8");
    write(fmt::format("waited {} ms\n", milliseconds));
  }
};

struct BytesHandler : funnel::web::RequestHandler {
  Task<> get(std::uint64_t count) {
    if (count > max_bytes) {
      throw HTTPError(400, "", fmt::format("The size must be 0 to {} bytes", max_bytes));
    }
    set_header("Content-Type", "application/octet-stream");
    set_content_length(count);
    const std::string piece(std::min<std::uint64_t>(count, 65'536), 'x');
    for (std::uint64_t left = count; left > 0;) {
      const auto size = std::min<std::uint64_t>(left, piece.size());
      write(std::string_view(piece).substr(0, size));
      left -= size;
      co_await flush();
    }
  }
};

/// Every waiting request is a descriptor: takes as many as the system gives.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  if (limit.rlim_cur < enough_descriptors) {
    std::fputs(fmt::format("slowserver: the system allows {} open descriptors, so at most about as "
                           "many requests can wait (raise it with ulimit -n)\n",
                           limit.rlim_cur)
                   .c_str(),
               stderr);
  }
}

std::uint16_t port_from(int argc, char** argv) {
  if (argc == 1) return 8889;
  std::uint16_t port = 0;
  const std::string_view text = argc == 3 ? argv[2] : "";
  const auto result = std::from_chars(text.data(), text.data() + text.size(), port);
  if (std::string_view(argv[1]) != "--port" || text.empty() || result.ec != std::errc{} ||
      result.ptr != text.data() + text.size()) {
    throw std::invalid_argument("usage: slowserver [--port N], N from 0 (any free port) to 65535");
  }
  return port;
}

void serve(std::uint16_t port) {
  raise_descriptor_limit();
  funnel::log::access().set_level(funnel::log::Level::off);
  funnel::web::Application app{
      funnel::web::route<DelayHandler>("/delay/([0-9]+)"),
      funnel::web::route<BytesHandler>("/bytes/([0-9]+)"),
  };
  funnel::HTTPServerOptions options;
  options.max_connections = 0;
  const auto& server = app.listen(port, "127.0.0.1", options);
  fmt::print("listening on http://127.0.0.1:{}\n", server.port());
  std::fflush(stdout);
  funnel::IOLoop::current().start();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    serve(port_from(argc, argv));
  } catch (const std::invalid_argument& error) {
    std::fputs(fmt::format("{}\n", error.what()).c_str(), stderr);
    return 2;
  } catch (const std::exception& error) {
    std::fputs(fmt::format("slowserver: {}\n", error.what()).c_str(), stderr);
    return 1;
  }
}
