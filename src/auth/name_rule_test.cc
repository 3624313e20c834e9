#include "auth/name_rule.h"

#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(NameRule, AllowsOneToTwoHundredBytesOfText) {
  const std::string longest(200, 'x');
  for (const std::string_view name : {"a", "~", "a b/c?d%é😀", "a\u00a0b", longest.c_str()}) {
    EXPECT_TRUE(is_name(name)) << name;
  }
}

TEST(NameRule, RefusesOthers) {
  EXPECT_FALSE(is_name(""));
  EXPECT_FALSE(is_name(std::string(201, 'x')));
  EXPECT_FALSE(is_name(std::string_view("a\0b", 3)));
  for (const std::string_view name : {"a\nb", "\x7f", "a\u0085", "\x80", "\xc3", "\xed\xa0\x80"}) {
    EXPECT_FALSE(is_name(name)) << name;
  }
}

TEST(NameRule, PrivateRoomsBeginWithATilde) {
  EXPECT_TRUE(is_private_room("~account/a"));
  EXPECT_TRUE(is_private_room("~"));
  EXPECT_FALSE(is_private_room(""));
  EXPECT_FALSE(is_private_room("a~"));
}

}  // namespace
}  // namespace relay
