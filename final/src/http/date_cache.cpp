#include "http/date_cache.h"

#include <funnel/httputil.h>

#include <time.h>

#include <chrono>
#include <string>

namespace funnel::http {

std::string_view current_date() {
  thread_local std::string text;
  thread_local std::time_t formatted = 0;
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != formatted) {
    formatted = now.tv_sec;
    text = format_timestamp(std::chrono::system_clock::from_time_t(formatted));
  }
  return text;
}

}  // namespace funnel::http
