#include <funnel/trace.h>

#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "support.h"
#include "trace_file.h"

using namespace funnel;
using namespace std::chrono_literals;
using core_tests::Trace;
using core_tests::TraceLine;
using testing::ManualClock;
using testing::run_ready;

namespace {

class Named {
 public:
  void operator()() const { trace::note("named"); }
};

class NamedHandler {
 public:
  explicit NamedHandler(const core_tests::Pipe& pipe) : pipe_(&pipe) {}
  void operator()(int, unsigned) const { pipe_->take(); }

 private:
  const core_tests::Pipe* pipe_;
};

std::vector<std::string> kinds(const Trace& trace) {
  std::vector<std::string> found;
  for (const TraceLine& line : trace.lines) {
    if (!line.kind.starts_with("poll.")) found.push_back(line.kind);
  }
  return found;
}

}  // namespace

TEST_SUITE("core.trace") {
  TEST_CASE("helper: a traced callback and a timer" * doctest::skip()) {
    IOLoop loop;
    loop.add_callback([&] {
      trace::note("in the callback");
      loop.call_later(1ms, [&] { loop.stop(); });
    });
    loop.start();
  }

  TEST_CASE("what is added, run and ended becomes lines, with the one that added it") {
    const Trace trace("helper: a traced callback and a timer");
    CHECK(kinds(trace) == std::vector<std::string>{"callback.add", "callback.run", "note",
                                                   "timer.add", "callback.end", "timer.run",
                                                   "timer.end"});
    const auto callback = trace.of("callback.add").at(0);
    const auto timer = trace.of("timer.add").at(0);
    CHECK(callback.id > 0);
    CHECK(callback.parent == 0);
    CHECK(callback.name.find("lambda") != std::string::npos);
    CHECK(timer.id > callback.id);
    CHECK(timer.parent == callback.id);
    CHECK(trace.note("in the callback").id == callback.id);
    for (const char* kind : {"callback.run", "callback.end"}) {
      CHECK(trace.of(kind).at(0).id == callback.id);
      CHECK(trace.of(kind).at(0).parent == 0);
    }
    for (const char* kind : {"timer.run", "timer.end"}) CHECK(trace.of(kind).at(0).id == timer.id);
    CHECK(trace.of("timer.run").at(0).turn > trace.of("callback.run").at(0).turn);
  }

  TEST_CASE("each turn begins with a wait, which is over before anything runs") {
    const Trace trace("helper: a traced callback and a timer");
    unsigned long long turn = 0;
    bool waiting = false;
    for (const TraceLine& line : trace.lines) {
      CAPTURE(line.seq);
      if (line.kind == "poll.wait") {
        CHECK(line.turn == ++turn);
        waiting = true;
      } else if (line.kind == "poll.wake") {
        CHECK(waiting);
        waiting = false;
      } else {
        CHECK(!waiting);
      }
      CHECK(line.turn == turn);
    }
    CHECK(trace.lines.back().kind == "timer.end");  // nothing is waited for after stop
    const long long note = trace.note("in the callback").time_ns;
    CHECK(trace.of("poll.wake").back().time_ns - note >= 1'000'000);  // the timer was set after it
  }

  TEST_CASE("helper: traced removals" * doctest::skip()) {
    ManualClock clock;
    IOLoop loop(clock);
    const core_tests::Pipe pipe;
    loop.add_handler(pipe.reader(), IOLoop::read, NamedHandler(pipe));
    pipe.put('a');
    run_ready(loop);
    loop.remove_timeout(loop.call_later(1s, Named()));
    loop.call_later(1s, [&] { loop.remove_handler(pipe.reader()); });
    clock.advance(1s);
    run_ready(loop);
    PeriodicCallback ticker(Named(), 1s);
    ticker.start();
    clock.advance(1s);
    run_ready(loop);
    ticker.stop();
    ticker.stop();
  }

  TEST_CASE("handlers have lines, and what is taken back; a function's type is its name") {
    const Trace trace("helper: traced removals");
    const auto handler = trace.of("handler.add").at(0);
    CHECK(handler.name.starts_with("descriptor "));
    CHECK(trace.of("handler.run").at(0).id == handler.id);
    CHECK(trace.of("handler.run").at(0).name.ends_with("NamedHandler"));
    CHECK(trace.of("handler.end").size() == trace.of("handler.run").size());
    REQUIRE(trace.of("handler.remove").size() == 1);
    CHECK(trace.of("handler.remove")[0].id == handler.id);

    const auto timers = trace.of("timer.add");
    REQUIRE(timers.size() == 4);  // the last two of the periodic callback
    REQUIRE(trace.of("timer.run").size() == 2);
    REQUIRE(trace.of("timer.remove").size() == 2);
    CHECK(trace.of("handler.remove")[0].parent == timers[1].id);
    CHECK(trace.of("timer.remove")[0].id == timers[0].id);
    CHECK(trace.of("timer.remove")[1].id == timers[3].id);
    CHECK(trace.of("timer.run")[1].id == timers[2].id);
    CHECK(trace.of("timer.run")[1].name.ends_with("Named"));
    CHECK(trace.note("named").id == timers[2].id);
  }

  TEST_CASE("helper: a traced note with every kind of character" * doctest::skip()) {
    trace::note("a \"quoted\" back\\slash\n\ttab \x01 Grüße");
  }

  TEST_CASE("a note is a JSON string, whatever is in it") {
    const Trace trace("helper: a traced note with every kind of character");
    REQUIRE(trace.lines.size() == 1);
    CHECK(trace.lines[0].name == R"(a \"quoted\" back\\slash\u000a\u0009tab \u0001 Grüße)");
    CHECK(trace.lines[0].turn == 0);
    CHECK(trace.lines[0].id == 0);
  }

  TEST_CASE("helper: a traced exception" * doctest::skip()) {
    ManualClock clock;
    IOLoop loop(clock);
    const testing::LogCapture log;
    loop.add_callback([] { throw 1; });
    loop.add_callback(Named());
    run_ready(loop);
    loop.call_later(1s, Named());  // dropped with the loop
  }

  TEST_CASE("what throws has an end, and what is dropped with the loop is removed") {
    const Trace trace("helper: a traced exception");
    CHECK(kinds(trace) == std::vector<std::string>{"callback.add", "callback.add", "callback.run",
                                                   "callback.end", "callback.run", "note",
                                                   "callback.end", "timer.add", "timer.remove"});
    CHECK(trace.of("callback.run")[1].parent == 0);
  }

  TEST_CASE("without the variable nothing is traced") {
    CHECK(!trace::enabled());
    trace::note("nobody reads this");
  }

  TEST_CASE("helper: whether there is a trace" * doctest::skip()) {
    ::_exit(trace::enabled() ? 1 : 7);
  }

  TEST_CASE("a file that cannot be opened is reported, and there is no trace") {
    ::setenv("FUNNEL_TRACE", "/nowhere/trace.jsonl", 1);
    const auto end = core_tests::run_case("helper: whether there is a trace");
    ::unsetenv("FUNNEL_TRACE");
    CHECK(end.exited_with(7));
    CHECK(end.errors.find("FUNNEL_TRACE: No such file or directory") != std::string::npos);
  }
}
