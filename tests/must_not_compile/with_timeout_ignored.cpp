// expect: ignoring return
#include <funnel/gen.h>

funnel::Task<> work() {
  funnel::gen::with_timeout(std::chrono::seconds(1), funnel::gen::sleep(std::chrono::seconds(2)));
  co_return;
}
