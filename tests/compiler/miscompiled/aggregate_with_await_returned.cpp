// A temporary aggregate with an await in it, returned.
// Write instead: good/aggregate_from_locals.cpp.
#include "tracked.h"

struct Row {
  Tracked t;
  int n;
};

Task<Row> row() { co_return Row{Tracked(1), co_await later(2)}; }

Task<int> body() {
  Row r = co_await row();
  co_return r.t.value() + r.n;
}

int main() { return check(body, 3); }
