#include "hub/room_history.h"

#include <vector>

#include <gtest/gtest.h>

namespace relay {
namespace {

std::vector<Position> above(const RoomHistory& history, Position position) {
  const auto positions = history.above(position);
  return {positions.begin(), positions.end()};
}

TEST(RoomHistory, FindsWhatCameAfterAPosition) {
  RoomHistory history;
  for (const Position position : {3U, 5U, 9U}) EXPECT_TRUE(history.push(position, 10));
  EXPECT_EQ(above(history, 0), (std::vector<Position>{3, 5, 9}));
  EXPECT_EQ(above(history, 3), (std::vector<Position>{5, 9}));
  EXPECT_EQ(above(history, 4), (std::vector<Position>{5, 9}));
  EXPECT_EQ(above(history, 9), (std::vector<Position>{}));
}

TEST(RoomHistory, TakesAnEventOnce) {
  RoomHistory history;
  EXPECT_TRUE(history.push(3, 10));
  EXPECT_FALSE(history.push(3, 10));
  EXPECT_EQ(history.bytes(), 10U);
}

TEST(RoomHistory, RaisesTheFloorAsItEvicts) {
  RoomHistory history;
  EXPECT_EQ(history.floor(), 0U);
  // Enough of them that the front of the memory is given back on the way.
  for (Position position = 1; position <= 1000; ++position) history.push(position, 1);
  for (Position position = 1; position <= 1000; ++position) {
    ASSERT_EQ(history.front(), position);
    history.pop_front(1);
    ASSERT_EQ(history.floor(), position);
    ASSERT_EQ(history.bytes(), 1000 - position);
    ASSERT_EQ(history.above(0).size(), 1000 - position);
  }
  EXPECT_TRUE(history.empty());
  history.push(2000, 1);
  EXPECT_EQ(history.front(), 2000U);
  EXPECT_EQ(history.floor(), 1000U);
}

}  // namespace
}  // namespace relay
