#include "relay/presence_table.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(PresenceTable, CountsAnAccountOnce) {
  PresenceTable table;
  EXPECT_TRUE(table.join("a", "ann"));
  EXPECT_FALSE(table.join("a", "ann")) << "a second tab";
  EXPECT_TRUE(table.join("a", "bob"));
  EXPECT_TRUE(table.join("b", "ann"));
  EXPECT_EQ(table.leave("a", "ann"), 0U);
  EXPECT_NE(table.leave("a", "ann"), 0U);
}

TEST(PresenceTable, AnAccountIsGoneWhenItsGraceIsOver) {
  PresenceTable table;
  EXPECT_TRUE(table.join("a", "ann"));
  const auto departure = table.leave("a", "ann");
  EXPECT_TRUE(table.settle("a", "ann", departure));
  EXPECT_FALSE(table.settle("a", "ann", departure)) << "told already";
  EXPECT_EQ(table.size(), 0U);
  EXPECT_TRUE(table.join("a", "ann"));
}

TEST(PresenceTable, WhoComesBackInTimeNeverLeft) {
  PresenceTable table;
  EXPECT_TRUE(table.join("a", "ann"));
  const auto first = table.leave("a", "ann");
  EXPECT_FALSE(table.join("a", "ann")) << "nobody was told that it left";
  EXPECT_FALSE(table.settle("a", "ann", first));
  const auto second = table.leave("a", "ann");
  EXPECT_FALSE(table.settle("a", "ann", first)) << "the second grace runs";
  EXPECT_TRUE(table.settle("a", "ann", second));
}

TEST(PresenceTable, IgnoresALeaveOfWhoIsNotThere) {
  PresenceTable table;
  EXPECT_EQ(table.leave("a", "ann"), 0U);
  EXPECT_TRUE(table.join("a", "ann"));
  EXPECT_NE(table.leave("a", "ann"), 0U);
  EXPECT_EQ(table.leave("a", "ann"), 0U);
}

}  // namespace
}  // namespace relay
