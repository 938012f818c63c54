// expect: a Task \(or another wait\) is awaited once: co_await std::move\(task\)
#include <funnel/task.h>

funnel::Task<int> work() { co_return 1; }

funnel::Task<int> use() {
  auto task = work();
  co_return co_await task;
}
