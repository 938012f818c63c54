// expect: ignoring return
#include <funnel/executor.h>
#include <funnel/task.h>

funnel::Task<> work() {
  funnel::run_in_executor([] {});
  co_return;
}
