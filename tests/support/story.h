#pragma once

#include <string>
#include <string_view>

/// @file
/// The narrator of the chapters' tests: what happened, in order, for a person who looks at a
/// failure.

namespace test_support {

/// Adds a line to the story of the test case that runs: who (`client`, `server`, `peer`: the test's
/// other side; `yours`: the code under test; `kernel`; `expected`) did, was asked to do, or should
/// have done what. A sentence without a full stop, on one line.
///
/// With the environment variable FUNNEL_STORY, the line is appended to the file that it names
/// before this returns, so that a crash loses nothing: `MILLISECONDS\tWHO\tWHAT\n`, counted from
/// the beginning of the test case. Without it, the story is printed to stderr if the test case
/// fails. Any thread.
void tell(std::string_view who, std::string_view what);

/// Returns `bytes` as they can be read: in quotes, with escapes, shortened in the middle if they
/// are more than 80.
std::string shown(std::string_view bytes);

// For the test program's listener:

/// Begins a new story. In a file, its first line is `0.0\tbegin\tNANOSECONDS`: what the clock said,
/// so that what the program prints meanwhile can be put in its place.
void begin_story();
/// Marks the moment at which the test case failed. What follows is only the clean-up.
void mark_failure();
/// Prints the story that was kept, if there is one.
void print_story();

}  // namespace test_support
