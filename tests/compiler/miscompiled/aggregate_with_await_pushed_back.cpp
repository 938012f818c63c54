// A temporary aggregate with an await in it, given to a plain function.
// Write instead: good/aggregate_from_locals.cpp.
#include <vector>

#include "tracked.h"

struct Row {
  Tracked t;
  int n;
};

Task<int> body() {
  std::vector<Row> rows;
  rows.push_back(Row{Tracked(1), co_await later(2)});
  co_return rows[0].t.value() + rows[0].n;
}

int main() { return check(body, 3); }
