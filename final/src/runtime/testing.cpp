#include <funnel/testing.h>

#include "core/loop_core.h"

#include <funnel/assert.h>

#include <algorithm>

namespace funnel::testing {

ManualClock::~ManualClock() {
  FUNNEL_ASSERT(listeners_.empty(), "a ManualClock was destroyed before a loop that follows it");
}

void ManualClock::set(TimePoint time) {
  FUNNEL_ASSERT(time >= now_, "a ManualClock was moved back");
  now_ = time;
  for (Listener* listener : listeners_) listener->clock_moved();
}

bool ManualClock::skip_to(TimePoint next) {
  if (when_idle_ == WhenIdle::fail) return false;
  set(std::max(now_, next));
  return true;
}

void run_ready(IOLoop& loop) { loop.core().run_ready_now(); }

LogCapture::LogCapture()
    : previous_(log::set_sink(
          [this](const log::Logger& logger, log::Level level, std::string_view message) {
            const std::lock_guard lock(mutex_);
            records_.emplace_back(logger.name(), level, message);
          })) {}

std::vector<LogCapture::Record> LogCapture::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::size_t LogCapture::size() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}

bool LogCapture::contains(std::string_view text) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(records_.begin(), records_.end(), [text](const Record& record) {
    return record.message.find(text) != std::string::npos;
  });
}

void LogCapture::clear() {
  const std::lock_guard lock(mutex_);
  records_.clear();
}

}  // namespace funnel::testing
