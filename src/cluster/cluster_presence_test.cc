#include "cluster/cluster_presence.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(ClusterPresence, AnswersAddUp) {
  RoomAccounts sum{{"ann", 1}};
  const RoomAccounts there{{"ann", 2}, {"b\"ob é", 1}};
  EXPECT_TRUE(add_accounts(sum, write_accounts(there)));
  EXPECT_EQ(sum, (RoomAccounts{{"ann", 3}, {"b\"ob é", 1}}));
  EXPECT_TRUE(add_accounts(sum, write_accounts({})));
}

TEST(ClusterPresence, WhatIsNoAnswerAddsNothing) {
  RoomAccounts sum;
  for (const std::string_view answer :
       {"", "[]", "{", R"({"a":1,"b":-1})", R"({"a":1,"b":"2"})", R"({"a":1.5})"}) {
    EXPECT_FALSE(add_accounts(sum, answer)) << answer;
  }
  EXPECT_EQ(sum, RoomAccounts{});
}

}  // namespace
}  // namespace relay
