// expect: ignoring return
#include <funnel/iostream.h>
#include <funnel/task.h>

funnel::Task<> read(funnel::IOStream& stream) {
  stream.read_until("\n");
  co_return;
}
