#include "protocol/json_writer.h"

#include <limits>

#include <gtest/gtest.h>

namespace relay {
namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string json_number(std::int64_t number) {
  std::string out;
  append_json_number(out, number);
  return out;
}

TEST(JsonWriter, EscapesOnlyWhatMustBe) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("plain / text \x7F h\u00E9 \u2028"), "\"plain / text \x7F h\u00E9 \u2028\"");
  EXPECT_EQ(json_string("a\b\t\n\f\r\"\\z"), R"("a\b\t\n\f\r\"\\z")");
  EXPECT_EQ(json_string(std::string_view("\0\x1F\x0B", 3)), R"("\u0000\u001f\u000b")");
}

TEST(JsonWriter, WritesEveryNumber) {
  EXPECT_EQ(json_number(0), "0");
  EXPECT_EQ(json_number(-7), "-7");
  EXPECT_EQ(json_number(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(json_number(std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
}

TEST(JsonWriter, Appends) {
  std::string out = "[";
  append_json_string(out, "a");
  out += ',';
  append_json_number(out, 1);
  EXPECT_EQ(out, R"(["a",1)");
}

}  // namespace
}  // namespace relay
