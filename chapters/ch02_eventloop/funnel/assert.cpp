#include <funnel/assert.h>

#include <cstdio>
#include <cstdlib>

namespace funnel::detail {

void contract_broken(const char* condition, const char* message, const char* file,
                     int line) noexcept {
  std::fprintf(stderr, "%s:%d: broken contract: %s (%s)\n", file, line, message, condition);
  std::abort();
}

}  // namespace funnel::detail
