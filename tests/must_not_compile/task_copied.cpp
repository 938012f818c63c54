// expect: use of deleted function|call to (implicitly-)?deleted
#include <funnel/task.h>

funnel::Task<> copy(const funnel::Task<>& task) { return task; }
