#include "cluster/replay_window.h"

#include <limits>

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(ReplayWindow, PassesANumberOnceInAnyOrder) {
  ReplayWindow window;

  for (const std::uint64_t number : {5U, 1U, 3U, 2U, 4000U, 4U}) EXPECT_TRUE(window.is_first("a", number));

  for (const std::uint64_t number : {5U, 1U, 3U, 2U, 4000U, 4U}) EXPECT_FALSE(window.is_first("a", number));
  EXPECT_TRUE(window.is_first("a", 6));
}

TEST(ReplayWindow, KeepsSendersApart) {
  ReplayWindow window;

  EXPECT_TRUE(window.is_first("a", 1));
  EXPECT_TRUE(window.is_first("b", 1));
  EXPECT_FALSE(window.is_first("a", 1));
  EXPECT_EQ(window.senders_count(), 2U);
}

TEST(ReplayWindow, TakesWhatLiesBelowItForSeen) {
  ReplayWindow window;
  const std::uint64_t highest = 10'000;

  EXPECT_TRUE(window.is_first("a", highest));
  EXPECT_FALSE(window.is_first("a", highest - ReplayWindow::numbers_count));
  EXPECT_TRUE(window.is_first("a", highest - ReplayWindow::numbers_count + 1));
}

TEST(ReplayWindow, ForgetsNothingWhenItMovesOn) {
  ReplayWindow window;
  for (std::uint64_t number = 2; number <= 3 * ReplayWindow::numbers_count; number += 2) {
    EXPECT_TRUE(window.is_first("a", number));
  }

  const std::uint64_t highest = 3 * ReplayWindow::numbers_count;
  for (std::uint64_t number = highest - ReplayWindow::numbers_count + 1; number <= highest; ++number) {
    EXPECT_EQ(window.is_first("a", number), number % 2 == 1) << number;
  }
}

TEST(ReplayWindow, JumpsAnyDistance) {
  ReplayWindow window;
  const std::uint64_t last = std::numeric_limits<std::uint64_t>::max();

  EXPECT_TRUE(window.is_first("a", 1));
  EXPECT_TRUE(window.is_first("a", last));
  EXPECT_TRUE(window.is_first("a", last - 1));
  EXPECT_FALSE(window.is_first("a", last));
  EXPECT_FALSE(window.is_first("a", 1));
}

TEST(ReplayWindow, HasNoNumberZero) {
  ReplayWindow window;

  EXPECT_FALSE(window.is_first("a", 0));
}

TEST(ReplayWindow, ForgetsTheSenderNotHeardForLongest) {
  ReplayWindow window(2);
  EXPECT_TRUE(window.is_first("a", 1));
  EXPECT_TRUE(window.is_first("b", 1));
  EXPECT_FALSE(window.is_first("a", 1));

  EXPECT_TRUE(window.is_first("c", 1));

  EXPECT_EQ(window.senders_count(), 2U);
  EXPECT_FALSE(window.is_first("a", 1));
  EXPECT_TRUE(window.is_first("b", 1));
}

}  // namespace
}  // namespace relay
