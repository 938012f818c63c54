// An exception that passes through an await.
#include "tracked.h"

Task<Tracked> fail(Tracked t) {
  co_await Yield();
  if (t.value() == 1) throw 1;
  co_return t;
}

Task<int> body() {
  Tracked kept(1);
  int caught = 0;
  try {
    Tracked t = co_await fail(Tracked(1));
    caught = -t.value();
  } catch (int error) {
    caught = error;
  }
  co_await Yield();
  co_return kept.value() + caught;
}

int main() { return check(body, 2); }
