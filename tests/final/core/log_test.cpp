#include <funnel/log.h>

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cstdio>
#include <string>
#include <string_view>

using namespace funnel;

namespace {

/// Sends standard error to a file for as long as it lives.
class ErrorCapture {
 public:
  ErrorCapture() : file_(std::tmpfile()), saved_(::dup(STDERR_FILENO)) {
    REQUIRE(file_ != nullptr);
    std::fflush(stderr);
    ::dup2(::fileno(file_), STDERR_FILENO);
  }
  ErrorCapture(const ErrorCapture&) = delete;
  ErrorCapture& operator=(const ErrorCapture&) = delete;
  ~ErrorCapture() {
    restore();
    std::fclose(file_);
  }

  std::string text() {
    restore();
    std::string all;
    std::rewind(file_);
    for (int c = 0; (c = std::fgetc(file_)) != EOF;) all += static_cast<char>(c);
    return all;
  }

 private:
  void restore() {
    if (saved_ < 0) return;
    std::fflush(stderr);
    ::dup2(saved_, STDERR_FILENO);
    ::close(saved_);
    saved_ = -1;
  }

  std::FILE* file_;
  int saved_;
};

/// Puts the levels back to what they are at first.
class LevelGuard {
 public:
  LevelGuard() = default;
  LevelGuard(const LevelGuard&) = delete;
  LevelGuard& operator=(const LevelGuard&) = delete;
  ~LevelGuard() { log::set_level(log::Level::info); }
};

std::string written(const log::Logger& logger, log::Level level, std::string_view message) {
  ErrorCapture capture;
  logger.write(level, message);
  return capture.text();
}

/// Replaces every digit, so that a time can be compared.
std::string without_digits(std::string line) {
  for (char& c : line) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) c = '0';
  }
  return line;
}

std::string message_of(std::string_view line) {
  return std::string(line.substr(line.find("] ") + 2));
}

}  // namespace

TEST_SUITE("core.log") {
  TEST_CASE("a record is a line with its level, time and channel") {
    CHECK(without_digits(written(log::access(), log::Level::info, "GET / ok")) ==
          "[I 000000 00:00:00 access] GET / ok\n");
    CHECK(without_digits(written(log::app(), log::Level::warning, "careful")) ==
          "[W 000000 00:00:00 app] careful\n");
    CHECK(without_digits(written(log::gen(), log::Level::error, "lost")) ==
          "[E 000000 00:00:00 general] lost\n");
  }

  TEST_CASE("the lines after the first are indented, so that none looks like a record") {
    CHECK(message_of(written(log::app(), log::Level::error, "one\n[I 000000] two\nthree")) ==
          "one\n    [I 000000] two\n    three\n");
  }

  TEST_CASE("a terminal does not get control characters that a client sent") {
    using namespace std::string_view_literals;
    CHECK(message_of(written(log::app(), log::Level::info, "a\x1b[2Jb\rc\0d\x07\x7f"sv)) ==
          "a?[2Jb?c?d??\n");
    CHECK(message_of(written(log::app(), log::Level::info, "a\tb")) == "a\tb\n");
    CHECK(message_of(written(log::app(), log::Level::info,
                             "\xc2\x9b"
                             "2J\xc2\x80\xc2\x9f")) == "?2J??\n");
    CHECK(message_of(written(log::app(), log::Level::info, "\xc2\xa0\xc3\x9b\xe2\x82\xac")) ==
          "\xc2\xa0\xc3\x9b\xe2\x82\xac\n");
  }

  TEST_CASE("records below the level of their channel are not written") {
    const LevelGuard guard;
    CHECK(written(log::app(), log::Level::debug, "x").empty());
    log::app().set_level(log::Level::error);
    CHECK(!log::app().enabled(log::Level::warning));
    CHECK(written(log::app(), log::Level::warning, "x").empty());
    CHECK(!written(log::app(), log::Level::error, "x").empty());
    CHECK(!written(log::gen(), log::Level::info, "x").empty());
    log::set_level(log::Level::debug);
    CHECK(written(log::app(), log::Level::debug, "x").starts_with("[D "));
    log::set_level(log::Level::off);
    CHECK(written(log::access(), log::Level::error, "x").empty());
    CHECK(written(log::access(), log::Level::off, "x").empty());
  }

  TEST_CASE("each level has a function") {
    const LevelGuard guard;
    log::set_level(log::Level::debug);
    std::string levels;
    auto previous =
        log::set_sink([&](const log::Logger& logger, log::Level level, std::string_view m) {
          CHECK(&logger == &log::gen());
          CHECK(m == "m");
          levels += "DIWE"[static_cast<std::size_t>(level)];
        });
    log::gen().debug("m");
    log::gen().info("m");
    log::gen().warning("m");
    log::gen().error("m");
    log::set_sink(std::move(previous));
    CHECK(levels == "DIWE");
  }

  TEST_CASE("a sink takes the records as they are, until it is taken away") {
    std::string seen;
    CHECK(!log::set_sink([&](const log::Logger&, log::Level, std::string_view m) { seen += m; }));
    CHECK(written(log::app(), log::Level::info, "a\nb").empty());
    CHECK(seen == "a\nb");
    CHECK(log::set_sink({}));
    CHECK(!written(log::app(), log::Level::info, "c").empty());
    CHECK(seen == "a\nb");
  }
}
