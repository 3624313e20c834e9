#include "hub/position.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

constexpr std::string_view epoch = "Q84z6u";

std::string text_of(Position position) {
  const OffsetText text = format_offset(epoch, position);
  return {text.begin(), text.end()};
}

TEST(Offset, ComesBackAsThePositionItWas) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const Position position = random() >> (random() % 64);
    EXPECT_EQ(parse_offset(epoch, text_of(position)), position);
  }
  EXPECT_EQ(parse_offset(epoch, text_of(~Position{0})), ~Position{0});
}

TEST(Offset, SortsAsItsPosition) {
  Position last = 0;
  std::mt19937_64 random(2);
  for (int i = 0; i < 1000; ++i) {
    const Position next = last + 1 + random() % 100'000'000'000;
    EXPECT_LT(text_of(last), text_of(next));
    last = next;
  }
}

TEST(Offset, RefusesWhatItDidNotWrite) {
  for (const char* text : {"", "Q84z6u", "Q84z6u.", "other0.00000000000", "Q84z6u00000000007",
                           "Q84z6u.0000000000!", "Q84z6u.000000000077"}) {
    EXPECT_EQ(parse_offset(epoch, text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_offset(epoch, "Q84z6u.~~~~~~~~~~~"), std::nullopt);  // 66 bits
}

}  // namespace
}  // namespace relay
