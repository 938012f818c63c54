// Two awaits in the arguments of a plain call.
#include "tracked.h"

int sum(const Tracked& a, const Tracked& b) { return a.value() + b.value(); }

Task<int> body() { co_return sum(co_await tracked_later(1), co_await tracked_later(2)); }

int main() { return check(body, 3); }
