#pragma once

#include <chrono>
#include <cstdlib>

/// @file
/// The one way to lengthen the time limits of all tests: the environment variable
/// FUNNEL_TEST_TIME_SCALE, a factor, for slow machines and slow builds.

namespace test_support {

/// Returns a time limit as it is to be here: the sooner what a test waits for comes the better,
/// but it fails only when the limit is over.
inline std::chrono::steady_clock::duration time_limit(std::chrono::steady_clock::duration limit) {
  const char* text = std::getenv("FUNNEL_TEST_TIME_SCALE");
  const double scale = text == nullptr ? 1 : std::atof(text);
  if (scale <= 0) return limit;
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit * scale);
}

}  // namespace test_support
