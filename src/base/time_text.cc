#include "base/time_text.h"

#include <chrono>

namespace relay {
namespace {

using std::chrono::floor;

void put_digits(char* out, unsigned value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

// Reads exactly `width` digits at the front of `text` and drops them; -1 when they are not there.
int take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return -1;
  int value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take_char(std::string_view& text, char upper, char lower) {
  if (text.empty() || (text.front() != upper && text.front() != lower)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_char(std::string_view& text, char c) {
  return take_char(text, c, c);
}

bool take_offset(std::string_view& text) {
  if (take_char(text, 'Z', 'z')) return true;
  if (!take_char(text, '+', '-')) return false;
  const int hours = take_digits(text, 2);
  if (hours < 0 || hours > 23 || !take_char(text, ':')) return false;
  const int minutes = take_digits(text, 2);
  return minutes >= 0 && minutes <= 59;
}

bool take_fraction(std::string_view& text) {
  if (!take_char(text, '.')) return true;
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(digits);
  return digits > 0;
}

}  // namespace

TimeText format_rfc3339(WallTime time) {
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{floor<std::chrono::milliseconds>(time - day)};
  TimeText out;
  char* p = out.data();
  put_digits(p, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  p[4] = '-';
  put_digits(p + 5, static_cast<unsigned>(date.month()), 2);
  p[7] = '-';
  put_digits(p + 8, static_cast<unsigned>(date.day()), 2);
  p[10] = 'T';
  put_digits(p + 11, static_cast<unsigned>(clock.hours().count()), 2);
  p[13] = ':';
  put_digits(p + 14, static_cast<unsigned>(clock.minutes().count()), 2);
  p[16] = ':';
  put_digits(p + 17, static_cast<unsigned>(clock.seconds().count()), 2);
  p[19] = '.';
  put_digits(p + 20, static_cast<unsigned>(clock.subseconds().count()), 3);
  p[23] = 'Z';
  return out;
}

bool is_rfc3339(std::string_view text) {
  const int year = take_digits(text, 4);
  if (year < 0 || !take_char(text, '-')) return false;
  const int month = take_digits(text, 2);
  if (month < 0 || !take_char(text, '-')) return false;
  const int day = take_digits(text, 2);
  if (day < 0) return false;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || !take_char(text, 'T', 't')) return false;
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take_char(text, ':')) return false;
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59 || !take_char(text, ':')) return false;
  const int second = take_digits(text, 2);
  return second >= 0 && second <= 60 && take_fraction(text) && take_offset(text) && text.empty();
}

}  // namespace relay
