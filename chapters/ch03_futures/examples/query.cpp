// A query that takes its time, on the loop and in the executor, beside a tick every 10 ms:
//
//     query

#include <funnel/executor.h>
#include <funnel/future.h>
#include <funnel/ioloop.h>

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

namespace {

using funnel::Future;
using namespace std::chrono_literals;

/// Adds up numbers with SQLite, which returns when it is done: there is no other way to ask it.
long long sum_up_to(long long limit) {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open(":memory:", &opened);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(opened, sqlite3_close);
  if (result != SQLITE_OK) throw std::runtime_error("cannot open a database");
  const std::string text = fmt::format(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
      "SELECT sum(i) FROM n",
      limit);
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(opened, text.c_str(), -1, &prepared, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(opened));
  }
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(prepared, sqlite3_finalize);
  if (sqlite3_step(prepared) != SQLITE_ROW) throw std::runtime_error(sqlite3_errmsg(opened));
  return sqlite3_column_int64(prepared, 0);
}

/// Measures how late the ticks of a loop are while `start` runs something.
template <typename Start>
void measure(const char* name, Start start) {
  funnel::IOLoop loop;
  funnel::Duration latest{};
  funnel::TimePoint due = loop.time() + 10ms;
  funnel::PeriodicCallback tick(
      [&] {
        latest = std::max(latest, loop.time() - due);
        due = loop.time() + 10ms;
      },
      10ms);
  tick.start();
  loop.call_later(50ms, [&] {
    const Future<long long> sum = start();
    sum.add_done_callback(
        [&loop](const Future<long long>&) { loop.call_later(50ms, [&loop] { loop.stop(); }); });
  });
  loop.start();
  const std::chrono::duration<double, std::milli> ms = latest;
  fmt::print("{:16} the latest tick was {:.0f} ms late\n", name, ms.count());
}

}  // namespace

int main() {
  constexpr long long limit = 2'000'000;
  measure("on the loop", [] {
    const funnel::Promise<long long> promise;
    promise.set_value(sum_up_to(limit));
    return promise.future();
  });
  funnel::ThreadPoolExecutor executor(1);  // is idle again when its loop ends
  measure("in the executor",
          [&executor] { return run_in_executor(executor, [] { return sum_up_to(limit); }); });
}
