#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "story.h"

namespace {

/// Gives each test case a story of its own, marks where it failed, and prints it if it did.
struct StoryListener : doctest::IReporter {
  explicit StoryListener(const doctest::ContextOptions&) {}

  void test_case_start(const doctest::TestCaseData&) override { test_support::begin_story(); }
  void test_case_end(const doctest::CurrentTestCaseStats& result) override {
    if (!result.testCaseSuccess) test_support::print_story();
  }

  void report_query(const doctest::QueryData&) override {}
  void test_run_start() override {}
  void test_run_end(const doctest::TestRunStats&) override {}
  void test_case_reenter(const doctest::TestCaseData&) override {}
  void test_case_exception(const doctest::TestCaseException&) override {
    test_support::mark_failure();
  }
  void subcase_start(const doctest::SubcaseSignature&) override {}
  void subcase_end() override {}
  void log_assert(const doctest::AssertData& data) override {
    if (data.m_failed) test_support::mark_failure();
  }
  void log_message(const doctest::MessageData&) override {}
  void test_case_skipped(const doctest::TestCaseData&) override {}
};

}  // namespace

REGISTER_LISTENER("story", 1, StoryListener);
