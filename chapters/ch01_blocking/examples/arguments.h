#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

/// Returns the port of `[--port N]`, 8001 by default. Throws `std::invalid_argument`.
inline std::uint16_t port_from(const std::string& program, int argc, char** argv) {
  if (argc == 1) return 8001;
  std::uint16_t port = 0;
  const std::string_view text = argc == 3 ? argv[2] : "";
  const auto result = std::from_chars(text.data(), text.data() + text.size(), port);
  if (std::string_view(argv[1]) != "--port" || result.ec != std::errc{} ||
      result.ptr != text.data() + text.size()) {
    throw std::invalid_argument(
        fmt::format("usage: {} [--port N], N from 0 (any free port) to 65535", program));
  }
  return port;
}

/// Calls `serve` with the port of the command line. Returns the exit status of the program, and
/// prints what went wrong.
template <typename Serve>
int run_server(const std::string& program, int argc, char** argv, Serve serve) {
  try {
    serve(port_from(program, argc, argv));
    return 0;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 2;
  } catch (const std::system_error& error) {
    const bool taken = error.code() == std::errc::address_in_use;
    fmt::print(stderr, "{}: {}{}\n", program, error.what(),
               taken ? " (--port 0 takes a free one)" : "");
    return 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", program, error.what());
    return 1;
  }
}
