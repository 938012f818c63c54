#pragma once

#include <funnel/trace.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <typeinfo>

/// @file
/// What the loop writes into the trace. Only while it is enabled, except where it says otherwise.

namespace funnel::trace {

/// Writes a line.
void write(std::string_view kind, std::uint64_t id, std::string_view name = {});
/// Returns an id that nothing else in the trace has.
std::uint64_t next_id() noexcept;
/// Returns the id of what runs on this thread, or 0.
std::uint64_t running() noexcept;

/// Writes `KIND.add` for something that will run, and returns its new id.
std::uint64_t write_added(std::string_view kind, const std::type_info& type);
/// The same for `function`. Without a trace it returns 0, which is nobody's id.
template <typename Signature>
std::uint64_t added(std::string_view kind, const std::function<Signature>& function) {
  return enabled() ? write_added(kind, function.target_type()) : 0;
}

/// Begins a turn of this thread's loop with the line `poll.wait`.
void begin_wait(std::uint64_t turn);
/// Writes `poll.wake`, unless some other line came after `poll.wait`: each is preceded by it.
void end_wait();

/// While it lives, what is added on this thread has `id` as its parent. Writes `KIND.run` and
/// `KIND.end`. Does nothing without a trace.
class Running {
 public:
  Running(std::string_view kind, std::uint64_t id, const std::type_info& type);
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

 private:
  std::string_view kind_;
  std::uint64_t id_;
  std::uint64_t before_ = 0;
};

}  // namespace funnel::trace
