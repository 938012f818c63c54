// A named aggregate, moved into a co_yield.
#include "rows.h"

Rows rows() {
  Row row{Tracked(4)};
  co_yield std::move(row);
}

Task<int> body() {
  Rows all = rows();
  int sum = 0;
  while (Row* row = all.next()) sum += row->t.value();
  co_return sum;
}

int main() { return check(body, 4); }
