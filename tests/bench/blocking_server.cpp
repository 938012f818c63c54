// The server of `./learn bench blocking`: chapter 3's. It sends back every line, except `query`:
// then it asks a database, on the loop or in the executor, and sends the answer.
//
//   blocking_server loop|executor [--port N]

#include <funnel/callback_stream.h>
#include <funnel/executor.h>
#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/iostream.h>
#include <funnel/socket.h>

#include <sqlite3.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "idle_server.h"

namespace {

using funnel::Future;
using funnel::IOStream;

/// Some 20 ms of work for a processor of today.
long long query() {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open(":memory:", &opened);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database(opened, sqlite3_close);
  if (result != SQLITE_OK) throw std::runtime_error("cannot open a database");
  constexpr const char* text =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) "
      "SELECT sum(i) FROM n";
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(opened, text, -1, &prepared, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(opened));
  }
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(prepared, sqlite3_finalize);
  if (sqlite3_step(prepared) != SQLITE_ROW) throw std::runtime_error(sqlite3_errmsg(opened));
  return sqlite3_column_int64(prepared, 0);
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(funnel::Socket socket, funnel::ThreadPoolExecutor* executor)
      : stream_(std::move(socket)), executor_(executor) {}

  void read() {
    stream_.read_until("\n", longest_line)
        .add_done_callback([self = shared_from_this()](const Future<std::string>& line) {
          if (!line.exception()) self->respond(line.result());
        });
  }

 private:
  void respond(const std::string& line) {
    if (line != "query\n") return write(line);
    if (executor_ == nullptr) return write(std::to_string(query()) + "\n");
    run_in_executor(*executor_, query)
        .add_done_callback([self = shared_from_this()](const Future<long long>& sum) {
          self->write(std::to_string(sum.result()) + "\n");
        });
  }

  void write(const std::string& text) {
    stream_.write(text);
    read();
  }

  IOStream stream_;
  funnel::ThreadPoolExecutor* executor_;
};

}  // namespace

int main(int argc, char** argv) {
  const bool on_the_loop = argc > 1 && std::string_view(argv[1]) == "loop";
  funnel::IOLoop loop;
  std::unique_ptr<funnel::ThreadPoolExecutor> executor;
  if (!on_the_loop) executor = std::make_unique<funnel::ThreadPoolExecutor>(1);
  funnel::CallbackServer server([&](funnel::Socket socket) {
    std::make_shared<Session>(std::move(socket), executor.get())->read();
  });
  server.listen(port_from(argc - 1, argv + 1));
  say_port(server.port());
  loop.start();
}
