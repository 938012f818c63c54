// expect: ignoring return
#include <funnel/gen.h>
#include <funnel/task.h>

funnel::Task<> wait() {
  funnel::gen::sleep(std::chrono::seconds(1));
  co_return;
}
