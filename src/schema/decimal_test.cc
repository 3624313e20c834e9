#include "schema/decimal.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

Decimal number(std::string_view literal) {
  const auto parsed = parse_decimal(literal);
  EXPECT_TRUE(parsed) << literal;
  return parsed.value_or(Decimal());
}

std::string canonical(std::string_view literal) {
  std::string text;
  append_canonical(text, number(literal));
  return text;
}

TEST(Decimal, HasOneSpellingForAValue) {
  for (const std::string_view one : {"1", "1.0", "1e0", "10e-1", "0.1e1", "0.001E+3"}) {
    EXPECT_EQ(number(one), number("1")) << one;
    EXPECT_EQ(canonical(one), canonical("1")) << one;
  }
  for (const std::string_view zero : {"0", "-0", "0.000", "0e99"})
    EXPECT_EQ(number(zero), number("0")) << zero;
  EXPECT_NE(canonical("1"), canonical("-1"));
  EXPECT_NE(canonical("1"), canonical("10"));
}

TEST(Decimal, ComparesWithoutRounding) {
  const std::string_view ascending[] = {"-1e400",
                                        "-2",
                                        "-1.5",
                                        "-1",
                                        "-0.1",
                                        "0",
                                        "1e-400",
                                        "0.1",
                                        "0.3",
                                        "1",
                                        "9",
                                        "10",
                                        "9007199254740992",
                                        "9007199254740993",
                                        "1e400"};
  for (std::size_t i = 0; i < std::size(ascending); ++i) {
    for (std::size_t j = 0; j < std::size(ascending); ++j) {
      EXPECT_EQ(compare(number(ascending[i]), number(ascending[j])), i <=> j)
          << ascending[i] << " and " << ascending[j];
    }
  }
}

TEST(Decimal, KnowsIntegers) {
  for (const std::string_view integer :
       {"0", "-5", "1.0", "1e3", "150e-1", "123456789012345678901234567890"}) {
    EXPECT_TRUE(is_integer(number(integer))) << integer;
  }
  for (const std::string_view fraction : {"0.5", "1e-1", "15e-1"}) {
    EXPECT_FALSE(is_integer(number(fraction))) << fraction;
  }
  EXPECT_EQ(to_unsigned(number("1e3")), 1000U);
  EXPECT_FALSE(to_unsigned(number("-1")));
  EXPECT_FALSE(to_unsigned(number("1e18")));
}

TEST(Decimal, DividesExactly) {
  const auto divides = [](std::string_view divisor, std::string_view value) {
    const auto by = Divisor::of(number(divisor));
    EXPECT_TRUE(by) << divisor;
    return by && by->divides(number(value));
  };
  EXPECT_TRUE(divides("0.1", "0.3"));
  EXPECT_TRUE(divides("0.01", "19.99"));
  EXPECT_TRUE(divides("3", "-123456789012345678901234567890"));
  EXPECT_TRUE(divides("7", "0"));
  EXPECT_FALSE(divides("0.1", "0.35"));
  EXPECT_FALSE(divides("3", "10"));
  EXPECT_FALSE(Divisor::of(number("0")));
  EXPECT_FALSE(Divisor::of(number("-2")));
  EXPECT_FALSE(Divisor::of(number("1234567891")));
}

TEST(Decimal, RefusesAbsurdExponents) {
  EXPECT_FALSE(parse_decimal("1e1000000001"));
  EXPECT_FALSE(parse_decimal("1e-99999999999999999999"));
  EXPECT_TRUE(is_decimal_in_range("1e1000000000"));
  EXPECT_FALSE(is_decimal_in_range("1e1000000001"));
}

}  // namespace
}  // namespace relay
