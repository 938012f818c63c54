// expect: deleted (function|operator)|operator is implicitly deleted
#include <funnel/task.h>

void assign(funnel::Task<>& to, const funnel::Task<>& from) { to = from; }
