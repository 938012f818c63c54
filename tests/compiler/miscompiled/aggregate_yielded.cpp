// A temporary aggregate in a co_yield.
// Write instead: good/aggregate_yielded_by_name.cpp.
#include "rows.h"

Rows rows() { co_yield Row{Tracked(4)}; }

Task<int> body() {
  Rows all = rows();
  int sum = 0;
  while (Row* row = all.next()) sum += row->t.value();
  co_return sum;
}

int main() { return check(body, 4); }
