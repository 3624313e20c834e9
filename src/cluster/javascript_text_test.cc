#include "cluster/javascript_text.h"

#include <limits>

#include <gtest/gtest.h>

namespace relay {
namespace {

std::string number_text(double number) {
  std::string out;
  append_javascript_number(out, number);
  return out;
}

std::string date_text(std::int64_t milliseconds) {
  std::string out;
  append_javascript_date(out, milliseconds);
  return out;
}

TEST(JavascriptNumber, IsSpelledAsNodeSpellsIt) {
  struct Case {
    double number;
    const char* text;
  };
  const Case cases[] = {
      {0, "0"},
      {-0.0, "0"},
      {1, "1"},
      {-1.5, "-1.5"},
      {0.1, "0.1"},
      {1.0 / 3, "0.3333333333333333"},
      {100, "100"},
      {123456789.125, "123456789.125"},
      {1e20, "100000000000000000000"},
      {123456789012345680000.0, "123456789012345680000"},
      {1e21, "1e+21"},
      {1.5e21, "1.5e+21"},
      {-1e21, "-1e+21"},
      {18446744073709551616.0, "18446744073709552000"},
      {9007199254740993.0, "9007199254740992"},
      {0.000001, "0.000001"},
      {0.0000015, "0.0000015"},
      {0.0000001, "1e-7"},
      {0.00000012, "1.2e-7"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {4.35, "4.35"},
      {std::numeric_limits<double>::infinity(), "null"},
      {-std::numeric_limits<double>::infinity(), "null"},
      {std::numeric_limits<double>::quiet_NaN(), "null"},
  };
  for (const auto& [number, text] : cases) EXPECT_EQ(number_text(number), text);
}

TEST(JavascriptDate, IsIso8601WithMilliseconds) {
  struct Case {
    std::int64_t milliseconds;
    const char* text;
  };
  const Case cases[] = {
      {0, R"("1970-01-01T00:00:00.000Z")"},
      {-1, R"("1969-12-31T23:59:59.999Z")"},
      {951'782'400'123, R"("2000-02-29T00:00:00.123Z")"},
      {1'795'379'647'819, R"("2026-11-22T20:34:07.819Z")"},
      {253'402'300'799'999, R"("9999-12-31T23:59:59.999Z")"},
      {253'402'300'800'000, R"("+010000-01-01T00:00:00.000Z")"},
      {-62'167'219'200'000, R"("0000-01-01T00:00:00.000Z")"},
      {-62'167'219'200'001, R"("-000001-12-31T23:59:59.999Z")"},
      {8'640'000'000'000'000, R"("+275760-09-13T00:00:00.000Z")"},
      {-8'640'000'000'000'000, R"("-271821-04-20T00:00:00.000Z")"},
      {8'640'000'000'000'001, "null"},
  };
  for (const auto& [milliseconds, text] : cases) EXPECT_EQ(date_text(milliseconds), text);
}

}  // namespace
}  // namespace relay
