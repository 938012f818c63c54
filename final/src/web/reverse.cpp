#include "web/location.h"
#include "web/route_table.h"

#include <funnel/escape.h>

#include <fmt/format.h>

#include <cctype>
#include <stdexcept>

namespace funnel::web {

namespace {

/// Writes a pattern's text with its groups replaced. Only patterns whose text outside the
/// groups is plain can be turned round.
class Reverser {
 public:
  Reverser(const std::string& pattern, const std::vector<std::string>& arguments)
      : pattern_(pattern), arguments_(arguments) {}

  std::string run() {
    while (at_ < pattern_.size()) step();
    if (used_ != arguments_.size()) fail("too many arguments were given");
    if (leads_to_other_host(out_)) fail("to a browser its path would be another host's address");
    return std::move(out_);
  }

 private:
  void step() {
    const char c = pattern_[at_];
    if (c == '(') {
      replace_group();
    } else if (c == '\\') {
      unescape();
    } else if (std::string_view("[]{}.*+?|)").find(c) != std::string_view::npos) {
      fail("it has an operator outside its groups");
    } else {
      if (c != '^' && c != '$') out_ += c;
      ++at_;
    }
  }

  void unescape() {
    if (at_ + 1 == pattern_.size() ||
        std::isalnum(static_cast<unsigned char>(pattern_[at_ + 1])) != 0) {
      fail("it has a class or an assertion outside its groups");
    }
    out_ += pattern_[at_ + 1];
    at_ += 2;
  }

  void replace_group() {
    const std::size_t end = group_end();
    const std::string_view inside(pattern_.data() + at_ + 1, end - at_ - 1);
    if (inside.starts_with('?') && !inside.starts_with("?P<"))
      fail("it has a group without capture");
    if (used_ == arguments_.size()) fail("too few arguments were given");
    append_argument(url_escape(arguments_[used_++], false));
    at_ = end + 1;
  }

  // A slash of an argument must not make `//host/` of the path.
  void append_argument(const std::string& escaped) {
    const bool has_second_byte = out_.size() < 2;
    out_ += escaped;
    if (has_second_byte && out_.starts_with("//")) out_.replace(1, 1, "%2F");
  }

  std::size_t group_end() const {
    for (std::size_t i = at_ + 1; i < pattern_.size(); i = detail::skip_element(pattern_, i)) {
      if (pattern_[i] == '(') fail("it has nested groups");
      if (pattern_[i] == ')') return i;
    }
    fail("a group does not end");
  }

  [[noreturn]] void fail(std::string_view why) const {
    throw std::invalid_argument(fmt::format("cannot reverse \"{}\": {}", pattern_, why));
  }

  const std::string& pattern_;
  const std::vector<std::string>& arguments_;
  std::size_t at_ = 0;
  std::size_t used_ = 0;
  std::string out_;
};

}  // namespace

std::string reverse_pattern(const std::string& pattern, const std::vector<std::string>& arguments) {
  return Reverser(pattern, arguments).run();
}

}  // namespace funnel::web
