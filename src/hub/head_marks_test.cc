#include "hub/head_marks.h"

#include <chrono>

#include <gtest/gtest.h>

namespace relay {
namespace {

SteadyTime at(int second) {
  return SteadyTime(std::chrono::seconds(second));
}

TEST(HeadMarks, SayWhereTheHeadStood) {
  HeadMarks marks;
  EXPECT_EQ(marks.head_at(at(5)), 1U);
  marks.mark(at(10), 7);
  marks.mark(at(20), 9);

  EXPECT_EQ(marks.head_at(at(9)), 1U);
  EXPECT_EQ(marks.head_at(at(10)), 7U);
  EXPECT_EQ(marks.head_at(at(19)), 7U);
  EXPECT_EQ(marks.head_at(at(100)), 9U);
}

TEST(HeadMarks, KeepTheLastMarkBeforeWhatIsForgotten) {
  HeadMarks marks;
  for (int second = 0; second < 10; ++second) marks.mark(at(second), static_cast<Position>(100 + second));
  marks.forget_before(at(5));

  EXPECT_EQ(marks.head_at(at(5)), 105U);
  EXPECT_EQ(marks.head_at(at(4)), 1U) << "forgotten";
}

}  // namespace
}  // namespace relay
