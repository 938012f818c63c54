// Serves the book's site with its live demos: `siteserver --root DIR [--port N] -- COMMAND...`,
// where COMMAND is what runs a comparison and prints its events.

#include "compare_handler.h"
#include "page_handler.h"

#include <funnel/log.h>
#include <funnel/web.h>

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace {

constexpr std::uint16_t ports_to_try = 50;

struct Arguments {
  std::string root;
  std::uint16_t port = 8888;
  std::vector<std::string> command;
};

std::uint16_t parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), port);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) {
    throw std::invalid_argument("--port takes a number from 0 (any free port) to 65535");
  }
  return port;
}

Arguments parse_arguments(const std::vector<std::string>& words) {
  Arguments arguments;
  std::size_t i = 0;
  for (; i + 1 < words.size() && words[i] != "--"; i += 2) {
    if (words[i] == "--root") {
      arguments.root = words[i + 1];
    } else if (words[i] == "--port") {
      arguments.port = parse_port(words[i + 1]);
    } else {
      throw std::invalid_argument("unknown option " + words[i]);
    }
  }
  if (i < words.size() && words[i] == "--") {
    arguments.command.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
  }
  if (arguments.root.empty() || arguments.command.empty()) {
    throw std::invalid_argument("usage: siteserver --root DIR [--port N] -- COMMAND...");
  }
  return arguments;
}

/// Listens on `port`, or on the next one that is free.
const funnel::HTTPServer& listen(funnel::web::Application& app, std::uint16_t port) {
  for (std::uint16_t next = port;; ++next) {
    try {
      const auto& server = app.listen(next, "127.0.0.1");
      if (next != port) fmt::print("port {} is taken, so this is port {}\n", port, next);
      return server;
    } catch (const std::system_error& error) {
      const bool taken = error.code() == std::errc::address_in_use;
      if (!taken || next == 65535 || next - port == ports_to_try) throw;
    }
  }
}

void serve(const Arguments& arguments) {
  if (!std::filesystem::exists(arguments.root + "/index.html")) {
    throw std::runtime_error(
        fmt::format("the site is not built: there is no {}/index.html (./learn serve builds it)",
                    arguments.root));
  }
  funnel::log::access().set_level(funnel::log::Level::warning);
  site::Comparisons comparisons(arguments.command);
  funnel::web::Application app{
      funnel::web::route<site::StatusHandler>("/api/status"),
      funnel::web::route<site::CompareHandler>("/api/compare", std::ref(comparisons)),
      funnel::web::route<site::PageHandler>("/(.*)", arguments.root),
  };
  const std::uint16_t port = listen(app, arguments.port).port();
  fmt::print("serving http://127.0.0.1:{}\n", port);
  fmt::print("the comparison: http://127.0.0.1:{}/compare; Ctrl-C ends all of it\n", port);
  std::fflush(stdout);
  funnel::IOLoop::current().start();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    serve(parse_arguments(std::vector<std::string>(argv + 1, argv + argc)));
  } catch (const std::invalid_argument& error) {
    std::fputs(fmt::format("siteserver: {}\n", error.what()).c_str(), stderr);
    return 2;
  } catch (const std::exception& error) {
    std::fputs(fmt::format("siteserver: {}\n", error.what()).c_str(), stderr);
    return 1;
  }
}
