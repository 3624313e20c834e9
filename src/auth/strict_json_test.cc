#include "auth/strict_json.h"

#include <string>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace relay {
namespace {

std::string nested(int levels) {
  std::string text = R"({"a":)";
  for (int i = 1; i < levels; ++i) text += '[';
  text += '1';
  for (int i = 1; i < levels; ++i) text += ']';
  return text + '}';
}

TEST(StrictJson, ReadsObjects) {
  const auto object = parse_strict_object(R"( {"a":1,"b":{"a":2,"a":3}} )");

  ASSERT_TRUE(object);
  EXPECT_EQ(object->at("a"), 1);
}

TEST(StrictJson, RefusesWhatCouldBeReadInTwoWays) {
  for (const std::string_view text :
       {"", " ", "1", "[]", "null", "{", "{}}", "{} x", R"({"a":1,"a":1})", R"({"a":1,"b":2,"\u0061":3})",
        "{'a':1}", R"({"a":1,})", R"({"a":NaN})", R"({"a":1e400})", "{\"a\":\"\xff\"}", R"({"a":"\ud800"})",
        "{}//", "{\"a\":\"\n\"}"}) {
    EXPECT_FALSE(parse_strict_object(text)) << text;
  }
}

TEST(StrictJson, BoundsTheNesting) {
  EXPECT_TRUE(parse_strict_object(nested(strict_json_depth_max)));
  EXPECT_FALSE(parse_strict_object(nested(strict_json_depth_max + 1)));
  EXPECT_FALSE(parse_strict_object(nested(30000)));
  EXPECT_FALSE(parse_strict_object(R"({"a":)" + std::string(30000, '[')));
}

}  // namespace
}  // namespace relay
