#include "cluster/number_sequence.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

using Gap = NumberSequence::Gap;
using Numbers = std::vector<std::uint64_t>;

class NumberSequenceTest : public testing::Test {
 protected:
  NumberSequenceTest() { sequence.begin(7, ready); }

  void take(std::uint64_t number) { sequence.take({.number = number, .event = {.position = number}}, ready); }
  void fill(std::uint64_t number) { sequence.fill({.number = number, .event = {.position = number}}, ready); }
  std::vector<std::uint64_t> delivered() {
    std::vector<std::uint64_t> numbers;
    for (const ArrivedEvent& item : ready) numbers.push_back(item.number);
    ready.clear();
    return numbers;
  }

  NumberSequence sequence;
  std::vector<ArrivedEvent> ready;
};

TEST_F(NumberSequenceTest, PassesOnWhatComesInOrder) {
  for (const std::uint64_t number : Numbers{8, 9, 10}) take(number);
  EXPECT_EQ(delivered(), (Numbers{8, 9, 10}));
  EXPECT_EQ(sequence.last(), 10U);
  EXPECT_FALSE(sequence.gap());
}

TEST_F(NumberSequenceTest, HoldsEverythingBehindAGap) {
  for (const std::uint64_t number : Numbers{8, 11, 12}) take(number);
  take(0);
  EXPECT_EQ(delivered(), (Numbers{8}));
  EXPECT_EQ(sequence.gap(), (Gap{9, 10}));
  EXPECT_EQ(sequence.missing_count(), 2U);
}

TEST_F(NumberSequenceTest, GoesOnInOrderWhenTheGapIsFilled) {
  for (const std::uint64_t number : Numbers{10, 11}) take(number);
  take(0);
  fill(9);
  EXPECT_EQ(delivered(), (Numbers{}));
  EXPECT_EQ(sequence.missing_count(), 1U);
  fill(8);
  EXPECT_EQ(delivered(), (Numbers{8, 9, 10, 11, 0}));
  EXPECT_FALSE(sequence.gap());
}

TEST_F(NumberSequenceTest, GoesOnWithoutWhatNobodyHas) {
  for (const std::uint64_t number : Numbers{11, 14}) take(number);
  fill(9);
  sequence.close_gap(ready);
  EXPECT_EQ(delivered(), (Numbers{9, 11}));
  EXPECT_EQ(sequence.gap(), (Gap{12, 13})) << "the next one";
  sequence.close_gap(ready);
  EXPECT_EQ(delivered(), (Numbers{14}));
  EXPECT_EQ(sequence.last(), 14U);
}

TEST_F(NumberSequenceTest, FillsInNothingThatIsNotMissing) {
  take(10);
  for (const std::uint64_t number : Numbers{7, 10, 11}) fill(number);
  EXPECT_EQ(sequence.missing_count(), 2U);
  fill(8);
  fill(8);
  fill(9);
  EXPECT_EQ(delivered(), (Numbers{8, 9, 10}));
}

TEST_F(NumberSequenceTest, LosesNothingThatComesAgainBelow) {
  take(8);
  take(5);
  ASSERT_EQ(ready.size(), 2U);
  EXPECT_EQ(ready[1].event.position, 0U) << "its place is taken";
  EXPECT_EQ(sequence.last(), 8U);
}

TEST_F(NumberSequenceTest, WhatHasNoNumberKeepsItsPlace) {
  take(8);
  take(0);
  take(9);
  EXPECT_EQ(delivered(), (Numbers{8, 0, 9}));
}

TEST_F(NumberSequenceTest, ANewBeginningJudgesWhatWaits) {
  for (const std::uint64_t number : Numbers{1001, 1002, 1004}) take(number);
  EXPECT_EQ(delivered(), (Numbers{}));
  sequence.begin(1000, ready);
  EXPECT_EQ(delivered(), (Numbers{1001, 1002}));
  EXPECT_EQ(sequence.gap(), (Gap{1003, 1003}));
}

}  // namespace
}  // namespace relay
