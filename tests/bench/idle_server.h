#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// @file
/// What the servers of `./learn bench idle` share. Each sends back every line that it gets.

constexpr std::size_t longest_line = 1024;

/// Returns the port of `--port N`; 0, which takes a free one, if it is not given.
inline std::uint16_t port_from(int argc, char** argv) {
  const bool has_port = argc == 3 && std::string_view(argv[1]) == "--port";
  return static_cast<std::uint16_t>(has_port ? std::atoi(argv[2]) : 0);
}

/// Says where the server listens, as `./learn` waits for it.
inline void say_port(std::uint16_t port) {
  std::printf("listening on tcp://127.0.0.1:%d\n", port);
  std::fflush(stdout);
}
