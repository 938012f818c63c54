#include <funnel/assert.h>

#include <doctest/doctest.h>

#include "support.h"

TEST_SUITE("core.assert") {
  TEST_CASE("a broken contract aborts with its condition, message and place") {
    const auto end = core_tests::run_in_child([] {
      const int balance = -1;
      FUNNEL_ASSERT(balance >= 0, "the balance is negative");
    });
    CHECK(end.aborted());
    CHECK(end.errors.find("the balance is negative (balance >= 0, at ") != std::string::npos);
    CHECK(end.errors.find("assert_test.cpp:") != std::string::npos);
  }

  TEST_CASE("a contract that holds is silent") {
    const auto end = core_tests::run_in_child([] { FUNNEL_ASSERT(1 + 1 == 2, "arithmetic"); });
    CHECK(end.exited_with(0));
    CHECK(end.errors.empty());
  }
}
