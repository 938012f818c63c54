// final: no, its run_in_executor is awaited

#include <funnel/executor.h>
#include <funnel/future.h>
#include <funnel/ioloop.h>
#include <funnel/testing.h>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "ch02_eventloop/last_words.h"
#include "support/background.h"

// What belongs to no task.

using funnel::Future;
using funnel::IOLoop;
using funnel::run_in_executor;
using funnel::ThreadPoolExecutor;

TEST_CASE("a function that touches the loop stops the program with a sentence") {
  const std::string words = loops::last_words([] {
    IOLoop loop;
    ThreadPoolExecutor executor(1);
    const Future<> future = run_in_executor(executor, [&] { loop.stop(); });
    test_support::eventually([&] {
      funnel::testing::run_ready(loop);
      return future.done();
    });
  });
  CHECK(words.find("IOLoop::stop was called from a thread that does not run the loop") !=
        std::string::npos);
}

TEST_CASE("an executor has at least one worker") {
  CHECK_THROWS_AS(ThreadPoolExecutor(0), std::invalid_argument);
}
