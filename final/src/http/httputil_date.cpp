#include <funnel/httputil.h>

#include <algorithm>
#include <array>

#include "http/parse_chars.h"

namespace funnel {
namespace {

using std::chrono::system_clock;
using Names7 = std::array<std::string_view, 7>;

constexpr Names7 day_names = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                              "Thursday", "Friday", "Saturday"};
constexpr std::size_t short_name = 3;
constexpr std::array<std::string_view, 12> month_names = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_number(std::string& out, long number, int digits) {
  std::string reversed;
  for (; digits > 0; --digits, number /= 10) reversed += static_cast<char>('0' + number % 10);
  out.append(reversed.rbegin(), reversed.rend());
}

/// Reads a text from the front; once something did not match, everything fails.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  void literal(std::string_view expected) {
    ok_ = ok_ && rest_.starts_with(expected);
    if (ok_) rest_.remove_prefix(expected.size());
  }

  int number(std::size_t digits) {
    ok_ = ok_ && rest_.size() >= digits;
    int value = 0;
    for (std::size_t i = 0; ok_ && i < digits; ++i, rest_.remove_prefix(1)) {
      ok_ = http::is_digit(rest_.front());
      value = value * 10 + (rest_.front() - '0');
    }
    return value;
  }

  void day_name(bool whole) {
    const auto matches = [&](std::string_view name) {
      return rest_.starts_with(whole ? name : name.substr(0, short_name));
    };
    const auto found = std::find_if(day_names.begin(), day_names.end(), matches);
    ok_ = ok_ && found != day_names.end();
    if (ok_) rest_.remove_prefix(whole ? found->size() : short_name);
  }

  unsigned month() {
    const auto found =
        std::find(month_names.begin(), month_names.end(), rest_.substr(0, short_name));
    ok_ = ok_ && found != month_names.end();
    if (ok_) rest_.remove_prefix(short_name);
    return static_cast<unsigned>(found - month_names.begin()) + 1;
  }

  /// asctime pads the day with a blank.
  unsigned padded_day() {
    const bool padded = rest_.starts_with(' ');
    if (padded) literal(" ");
    return static_cast<unsigned>(number(padded ? 1 : 2));
  }

  std::chrono::seconds time_of_day() {
    const int hours = number(2);
    literal(":");
    const int minutes = number(2);
    literal(":");
    const int seconds = number(2);
    // 60 is a leap second.
    ok_ = ok_ && hours < 24 && minutes < 60 && seconds <= 60;
    return std::chrono::hours(hours) + std::chrono::minutes(minutes) +
           std::chrono::seconds(seconds);
  }

  [[nodiscard]] bool matched_all() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

struct Date {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  std::chrono::seconds time{0};
};

std::optional<system_clock::time_point> time_point_of(const Scanner& scanner, const Date& date) {
  const std::chrono::year_month_day day{std::chrono::year(date.year),
                                        std::chrono::month(date.month), std::chrono::day(date.day)};
  if (!scanner.matched_all() || !day.ok()) return std::nullopt;
  // A system clock of nanoseconds reaches from 1678 to 2262.
  constexpr auto last = std::chrono::floor<std::chrono::days>(system_clock::time_point::max());
  constexpr auto first = std::chrono::ceil<std::chrono::days>(system_clock::time_point::min());
  const std::chrono::sys_days days(day);
  if (days < first || days >= last) return std::nullopt;
  return days + date.time;
}

// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<system_clock::time_point> parse_imf_fixdate(std::string_view text) {
  Scanner scanner(text);
  Date date;
  scanner.day_name(false);
  scanner.literal(", ");
  date.day = static_cast<unsigned>(scanner.number(2));
  scanner.literal(" ");
  date.month = scanner.month();
  scanner.literal(" ");
  date.year = scanner.number(4);
  scanner.literal(" ");
  date.time = scanner.time_of_day();
  scanner.literal(" GMT");
  return time_point_of(scanner, date);
}

// Sunday, 06-Nov-94 08:49:37 GMT
std::optional<system_clock::time_point> parse_rfc850_date(std::string_view text,
                                                          system_clock::time_point now) {
  Scanner scanner(text);
  Date date;
  scanner.day_name(true);
  scanner.literal(", ");
  date.day = static_cast<unsigned>(scanner.number(2));
  scanner.literal("-");
  date.month = scanner.month();
  scanner.literal("-");
  const int year_of_century = scanner.number(2);
  scanner.literal(" ");
  date.time = scanner.time_of_day();
  scanner.literal(" GMT");

  // RFC 9110 section 5.6.7: not more than 50 years in the future, else the most recent past
  // year with these digits.
  const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
  const int this_year = static_cast<int>(today.year());
  date.year = this_year - this_year % 100 + 100 + year_of_century;
  const auto limit = now + std::chrono::years(50);
  for (int tries = 0; tries < 3; ++tries, date.year -= 100) {
    const auto time = time_point_of(scanner, date);
    if (time && *time <= limit) return time;
  }
  return std::nullopt;
}

// Sun Nov  6 08:49:37 1994
std::optional<system_clock::time_point> parse_asctime_date(std::string_view text) {
  Scanner scanner(text);
  Date date;
  scanner.day_name(false);
  scanner.literal(" ");
  date.month = scanner.month();
  scanner.literal(" ");
  date.day = scanner.padded_day();
  scanner.literal(" ");
  date.time = scanner.time_of_day();
  scanner.literal(" ");
  date.year = scanner.number(4);
  return time_point_of(scanner, date);
}

}  // namespace

std::string format_timestamp(system_clock::time_point time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - days));
  std::string out(day_names[std::chrono::weekday(days).c_encoding()].substr(0, short_name));
  out += ", ";
  append_number(out, static_cast<long>(static_cast<unsigned>(date.day())), 2);
  out += ' ';
  out += month_names[static_cast<unsigned>(date.month()) - 1];
  out += ' ';
  append_number(out, static_cast<int>(date.year()), 4);
  out += ' ';
  append_number(out, clock.hours().count(), 2);
  out += ':';
  append_number(out, clock.minutes().count(), 2);
  out += ':';
  append_number(out, clock.seconds().count(), 2);
  out += " GMT";
  return out;
}

std::optional<system_clock::time_point> parse_http_date(std::string_view text,
                                                        system_clock::time_point now) {
  if (const auto time = parse_imf_fixdate(text)) return time;
  if (const auto time = parse_rfc850_date(text, now)) return time;
  return parse_asctime_date(text);
}

}  // namespace funnel
