#include "cluster/javascript_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <string_view>

#include <fmt/format.h>

namespace relay {
namespace {

constexpr std::int64_t date_ms_max = 8'640'000'000'000'000;
constexpr std::int64_t ms_per_day = 86'400'000;

// A number is 0.DIGITS times ten to the power of `point`; these are the bounds of plain notation.
constexpr int point_max = 21;
constexpr int point_min = -5;

struct Digits {
  std::array<char, 32> text;
  std::size_t count = 0;
  int point = 0;

  [[nodiscard]] std::string_view view() const noexcept { return {text.data(), count}; }
};

// Of a positive number: from d.ddde+XX.
Digits shortest_digits(double number) {
  std::array<char, 32> written;
  const auto result =
      std::to_chars(written.data(), written.data() + written.size(), number, std::chars_format::scientific);
  const std::string_view text(written.data(), static_cast<std::size_t>(result.ptr - written.data()));
  const std::size_t e = text.find('e');
  Digits digits;
  for (const char c : text.substr(0, e)) {
    if (c != '.') digits.text[digits.count++] = c;
  }
  const std::string_view exponent = text.substr(e + (text[e + 1] == '+' ? 2 : 1));
  int value = 0;
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
  digits.point = value + 1;
  return digits;
}

void append_plain(std::string& out, std::string_view digits, int point) {
  if (point <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-point), '0');
    out += digits;
    return;
  }
  const auto before = static_cast<std::size_t>(point);
  if (digits.size() <= before) {
    out += digits;
    out.append(before - digits.size(), '0');
    return;
  }
  out += digits.substr(0, before);
  out += '.';
  out += digits.substr(before);
}

void append_scientific(std::string& out, std::string_view digits, int exponent) {
  out += digits.front();
  if (digits.size() > 1) {
    out += '.';
    out += digits.substr(1);
  }
  fmt::format_to(std::back_inserter(out), "e{:+}", exponent);
}

struct CivilDate {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

// The proleptic Gregorian calendar; std::chrono's ends at the year 32767, a Date's at 275760. Counted in eras
// of 400 years that begin on the first of March, so that a leap day comes last.
CivilDate civil_date(std::int64_t days_since_1970) {
  constexpr std::int64_t days_per_era = 146'097;
  constexpr std::int64_t days_from_year_0 = 719'468;  // from 0000-03-01 to 1970-01-01
  const std::int64_t days = days_since_1970 + days_from_year_0;
  const std::int64_t era = (days >= 0 ? days : days - (days_per_era - 1)) / days_per_era;
  const std::int64_t day_of_era = days - era * days_per_era;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), static_cast<unsigned>(month),
          static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1)};
}

}  // namespace

void append_javascript_number(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  if (number == 0) {
    out += '0';
    return;
  }
  if (number < 0) out += '-';
  const Digits digits = shortest_digits(std::fabs(number));
  if (digits.point >= point_min && digits.point <= point_max) {
    append_plain(out, digits.view(), digits.point);
  } else {
    append_scientific(out, digits.view(), digits.point - 1);
  }
}

void append_javascript_date(std::string& out, std::int64_t milliseconds) {
  if (milliseconds < -date_ms_max || milliseconds > date_ms_max) {
    out += "null";
    return;
  }
  const std::int64_t days = (milliseconds >= 0 ? milliseconds : milliseconds - (ms_per_day - 1)) / ms_per_day;
  const std::int64_t rest = milliseconds - days * ms_per_day;
  const CivilDate date = civil_date(days);
  const auto end = std::back_inserter(out);
  if (date.year >= 0 && date.year <= 9999) {
    fmt::format_to(end, "\"{:04}", date.year);
  } else {
    fmt::format_to(end, "\"{:+07}", date.year);
  }
  fmt::format_to(end, "-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z\"", date.month, date.day, rest / 3'600'000,
                 rest / 60'000 % 60, rest / 1000 % 60, rest % 1000);
}

}  // namespace relay
