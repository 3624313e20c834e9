#include "protocol/json_pointer.h"

#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(PublishRule, PointersAreEscapedAndBounded) {
  EXPECT_EQ(pointer_to("room"), "/room");
  EXPECT_EQ(pointer_to(""), "/");
  EXPECT_EQ(pointer_to("a/b~c"), "/a~1b~0c");
  EXPECT_EQ(pointer_to(std::string(100, 'x')), "/" + std::string(100, 'x'));
  EXPECT_EQ(pointer_to(std::string(101, 'x')), "/" + std::string(100, 'x') + "...");
  EXPECT_EQ(pointer_to(std::string(99, 'x') + "\u20ac"), "/" + std::string(99, 'x') + "...");
}

}  // namespace
}  // namespace relay
