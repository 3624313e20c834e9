#include "protocol/query_string.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(QueryString, FindsValuesInAnyOrder) {
  const QueryString query("foo=bar&EIO=4&transport=polling&t=abc&sid=S");

  EXPECT_EQ(query.get("EIO"), "4");
  EXPECT_EQ(query.get("transport"), "polling");
  EXPECT_EQ(query.get("sid"), "S");
  EXPECT_EQ(query.get("foo"), "bar");
  EXPECT_EQ(query.get("oo"), std::nullopt);
  EXPECT_EQ(query.get("eio"), std::nullopt);
}

TEST(QueryString, TakesTheLastOfEqualNames) {
  EXPECT_EQ(QueryString("EIO=3&a=1&EIO=4").get("EIO"), "4");
  EXPECT_EQ(QueryString("EIO=4&EIO=").get("EIO"), "");
  EXPECT_EQ(QueryString("a=1&%61=2").get("a"), "2");
}

TEST(QueryString, TellsEmptyFromAbsent) {
  EXPECT_EQ(QueryString("sid=").get("sid"), "");
  EXPECT_EQ(QueryString("sid").get("sid"), "");
  EXPECT_EQ(QueryString("").get("sid"), std::nullopt);
  EXPECT_EQ(QueryString("&&x&&").get("x"), "");
  EXPECT_EQ(QueryString("&&").get(""), std::nullopt);
  EXPECT_EQ(QueryString("=v").get(""), "v");
}

TEST(QueryString, DecodesPlusAndEscapesAndLeavesBadOnes) {
  const struct {
    const char* raw;
    const char* decoded;
  } rows[] = {{"v=a+b", "a b"},       {"v=%41%2f%2F", "A//"}, {"v=%zz%4", "%zz%4"}, {"v=%", "%"},
              {"v=%%41", "%A"},       {"v=a=b", "a=b"},       {"v=%26%3D", "&="},   {"v=%C3%A9", "\u00E9"},
              {"%76=%2B+%2", "+ %2"}, {"v=a;b", "a;b"}};
  for (const auto& row : rows) EXPECT_EQ(QueryString(row.raw).get("v"), row.decoded) << row.raw;
}

TEST(QueryString, GivesTheRawValueToo) {
  EXPECT_EQ(QueryString("a=1&v=a%20b+c").raw("v"), "a%20b+c");
  EXPECT_EQ(QueryString("a=1").raw("v"), std::nullopt);
}

}  // namespace
}  // namespace relay
