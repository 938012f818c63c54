#pragma once

#include <string>
#include <string_view>

/// @file
/// The narrator of the chapters' tests: what happened, in order, for who looks at a failure.

namespace test_support {

/// Adds a line to the story of the test case that runs: who (`client`, `server`, `peer`: the test's
/// other side; `yours`: the code under test; `kernel`; `expected`) did, was asked, or should have
/// done what. A sentence without a full stop, on one line.
///
/// With the environment variable FUNNEL_STORY, the line is appended to the file that it names
/// before this returns, as `MILLISECONDS\tWHO\tWHAT\n`, counted from the test case's begin; so
/// a crash loses nothing. Without it, the story is printed to stderr if the test case fails. Any
/// thread.
void tell(std::string_view who, std::string_view what);

/// Returns `bytes` as they can be read: in quotes, with escapes, shortened in the middle if they
/// are more than 80.
std::string shown(std::string_view bytes);

/// Begins a new story; and prints the one that was kept, if there is one. For the test program's
/// listener.
void begin_story();
void print_story();

}  // namespace test_support
