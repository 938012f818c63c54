#pragma once

/// @file
/// The check for broken contracts.

namespace funnel::detail {

/// Prints the broken contract with its place to standard error and aborts.
[[noreturn]] void contract_broken(const char* condition, const char* message, const char* file,
                                  int line) noexcept;

}  // namespace funnel::detail

/// Stops the program, in every build, when a caller broke a contract: a second read while one is
/// waiting, say. Going on would corrupt memory or lose data. Never used for what a peer sent: bad
/// bytes are everyday life for a server, and no reason to die.
#define FUNNEL_ASSERT(condition, message) \
  ((condition) ? void()                   \
               : ::funnel::detail::contract_broken(#condition, message, __FILE__, __LINE__))
