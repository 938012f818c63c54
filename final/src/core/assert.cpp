#include <funnel/assert.h>

#include <cstdio>
#include <cstdlib>

namespace funnel::detail {

void contract_broken(const char* condition, const char* message, const char* file,
                     int line) noexcept {
  std::fprintf(stderr, "funnel: %s (%s, at %s:%d)\n", message, condition, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace funnel::detail
