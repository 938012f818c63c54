// expect: ignoring return
#include <funnel/task.h>

funnel::Task<> work() { co_return; }

void start() { work(); }
