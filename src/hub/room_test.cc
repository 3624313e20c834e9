#include "hub/room.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

// A room only compares pointers; these stand for members.
Member* member(std::uintptr_t number) {
  return reinterpret_cast<Member*>(number * 16);
}

TEST(Room, TheLastMemberMovesIntoTheFreedSlot) {
  Room room("r");
  const std::size_t first = room.add({member(1), 0});
  room.add({member(2), 0});
  room.add({member(3), 5});

  const Room::Place* const moved = room.remove(first);

  ASSERT_NE(moved, nullptr);
  EXPECT_EQ(moved->member, member(3));
  EXPECT_EQ(moved->membership, 5U);
  EXPECT_EQ(room.places()[first].member, member(3));
  EXPECT_EQ(room.places().size(), 2U);
}

TEST(Room, NobodyMovesWhenTheLastOneLeaves) {
  Room room("r");
  room.add({member(1), 0});
  const std::size_t last = room.add({member(2), 0});
  EXPECT_EQ(room.remove(last), nullptr);
  EXPECT_EQ(room.remove(0), nullptr);
  EXPECT_TRUE(room.empty());
}

}  // namespace
}  // namespace relay
