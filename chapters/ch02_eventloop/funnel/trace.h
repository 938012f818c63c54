#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <typeinfo>

/// @file
/// The loop's diary. Where the environment says `FUNNEL_TRACE=FILE`, everything that a loop adds,
/// runs and removes becomes a line of JSON in that file:
///
///     {"seq":7,"time_ns":120345,"turn":3,"kind":"timer.add","id":4,"parent":2,"name":"tick"}
///
/// `seq` counts the lines, `time_ns` is the time since the first one, `turn` is the loop's turn.
/// `id` names a callback, a timer or a handler for as long as it lives, `parent` is the one that
/// was running when the line was written (0: none). The kinds are:
///
/// | kind                                       | when                                           |
/// | ------------------------------------------ | ---------------------------------------------- |
/// | `callback.add` `timer.add` `handler.add`   | it was registered                              |
/// | `callback.run` `timer.run` `handler.run`   | it begins to run                               |
/// | `callback.end` `timer.end` `handler.end`   | it has returned                                |
/// | `timer.remove` `handler.remove`            | it was taken back                              |
/// | `poll.wait` `poll.wake`                    | the loop begins to wait, and has waited        |
/// | `note`                                     | the program says something, with `trace::note` |
///
/// Later chapters add kinds for futures (`future.add`, `future.callback`, `future.set`) and
/// coroutines. Any thread.

namespace funnel::trace {

/// Tells whether a trace is being written. Everything here does nothing otherwise.
bool enabled() noexcept;

/// Writes a line.
void write(std::string_view kind, std::uint64_t id, std::string_view name = {});
/// Writes a line of the kind `note`, about whatever is running.
void note(std::string_view text);

/// Returns an id that nothing else has.
std::uint64_t next_id() noexcept;
/// Tells which turn the loop of this thread is in.
void set_turn(std::uint64_t turn) noexcept;

/// While it lives, what is added has `id` as its parent. Writes `KIND.run` and `KIND.end`.
class Running {
 public:
  Running(std::string_view kind, std::uint64_t id, std::string_view name);
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

 private:
  std::string_view kind_;
  std::uint64_t id_;
  std::uint64_t before_;
};

/// Returns the name of a function's type as the compiler knows it, such as `main::{lambda()#1}`:
/// the best name that there is for a function that nobody named.
std::string name_of(const std::type_info& type);

}  // namespace funnel::trace
