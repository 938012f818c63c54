#include <funnel/assert.h>
#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <algorithm>
#include <utility>

#include "running.h"

namespace funnel::testing {

void ManualClock::set(TimePoint time) {
  FUNNEL_ASSERT(time >= now_, "a ManualClock was moved back");
  now_ = time;
}

void run_ready(IOLoop& loop) {
  const IOLoop::Running running(loop);
  while (!loop.stop_requested_ && loop.turn(false)) {
  }
  loop.stop_requested_ = false;
}

LogCapture::LogCapture()
    : previous_(log::set_sink(
          [this](const log::Logger& logger, log::Level level, std::string_view message) {
            const std::lock_guard lock(mutex_);
            records_.push_back({std::string(logger.name()), level, std::string(message)});
          })) {}

LogCapture::~LogCapture() { log::set_sink(std::move(previous_)); }

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
  return std::any_of(records_.begin(), records_.end(), [&](const Record& record) {
    return record.message.find(text) != std::string::npos;
  });
}

}  // namespace funnel::testing
