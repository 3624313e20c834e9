#include "base/slot_map.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(SlotMap, AHandleOfAnErasedObjectFindsNothingEvenWhenItsSlotIsUsedAgain) {
  SlotMap<int> map;
  int first = 1;
  int second = 2;

  const Handle old_handle = map.insert(first);
  map.erase(old_handle);
  const Handle new_handle = map.insert(second);

  EXPECT_EQ(map.find(old_handle), nullptr);
  EXPECT_EQ(map.find(new_handle), &second);
  EXPECT_EQ(map.size(), 1U);
  map.erase(old_handle);
  EXPECT_EQ(map.find(new_handle), &second);
}

TEST(SlotMap, NoHandleIsNeverAnObject) {
  SlotMap<int> map;
  int object = 1;
  EXPECT_NE(map.insert(object), no_handle);
  EXPECT_EQ(map.find(no_handle), nullptr);
}

}  // namespace
}  // namespace relay
