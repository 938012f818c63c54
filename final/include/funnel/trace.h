#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <typeinfo>

/// @file
/// The loop's trace. Where the environment says `FUNNEL_TRACE=FILE`, everything that a loop adds,
/// runs and removes becomes a line of JSON in that file, which is written anew:
///
///     {"seq":7,"time_ns":120345,"turn":3,"kind":"timer.run","id":4,"parent":2,"name":"tick"}
///
/// `seq` counts the lines. `time_ns` is the time on the machine's clock since the trace began.
/// `turn` is the loop's turn: one for each descriptor that is ready, one for all timers that are
/// due, one for the callbacks that were added before. `id` names a callback, a timer or a handler
/// for as long as it lives, `parent` is the one that was running on this thread when the line was
/// written (0: none). `name` is the type of its function, its descriptor, or the text of a note.
/// The kinds are:
///
/// | kind                                     | when                                           |
/// | ---------------------------------------- | ---------------------------------------------- |
/// | `callback.add` `timer.add` `handler.add` | it was registered                              |
/// | `callback.run` `timer.run` `handler.run` | it begins to run                               |
/// | `callback.end` `timer.end` `handler.end` | it has returned                                |
/// | `timer.remove` `handler.remove`          | it was taken back                              |
/// | `poll.wait` `poll.wake`                  | the loop begins to wait, and has waited        |
/// | `note`                                   | the program says something, with `trace::note` |
///
/// Streams and coroutines have no kinds yet. A turn that runs only such work shows its `poll.wake`
/// when that is over, or just before the first line that comes from it.
///
/// The variable is read once, when the first loop is made or something here is first called. Each
/// line is in the file before the program goes on, so a program that is killed leaves all of them.
/// Each process needs a file of its own. If the file cannot be opened, standard error says why, and
/// there is no trace. Without a trace, everything here costs a load and a branch. Any thread.

namespace funnel {

namespace detail {

/// Set once it is known that there is no trace.
extern std::atomic<bool> trace_off;
/// Opens the file, the first time; returns whether there is one.
bool open_trace() noexcept;

}  // namespace detail

namespace trace {

/// Tells whether a trace is being written. What costs something to put into words is put into words
/// only then.
inline bool enabled() noexcept {
  return !detail::trace_off.load(std::memory_order_relaxed) && detail::open_trace();
}

/// Writes a line of the kind `note` with `text`, which is UTF-8, about whatever is running.
void note(std::string_view text);

/// Returns the name of a function's type as the compiler knows it, such as `main::{lambda()#1}`:
/// the best name that there is for a function that nobody named.
std::string name_of(const std::type_info& type);

}  // namespace trace

}  // namespace funnel
