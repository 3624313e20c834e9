#include "protocol/percent_encoding.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(PercentEncoding, DecodesEscapesAndNothingElse) {
  EXPECT_EQ(percent_decode(""), "");
  EXPECT_EQ(percent_decode("a+b"), "a+b");
  EXPECT_EQ(percent_decode("a%2Fb%2fc%25"), "a/b/c%");
  EXPECT_EQ(percent_decode("%c3%A4"), "\xc3\xa4");
  EXPECT_EQ(percent_decode("%00"), std::string(1, '\0'));
}

TEST(PercentEncoding, RefusesHalfAnEscape) {
  for (const std::string_view text : {"%", "a%", "%2", "%2g", "%g2", "%%41", "%-1", "% 1", "%+1"}) {
    EXPECT_FALSE(percent_decode(text)) << text;
  }
}

}  // namespace
}  // namespace relay
