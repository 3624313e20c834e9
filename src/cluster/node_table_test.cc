#include "cluster/node_table.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Heard = NodeTable::Heard;
using Names = std::vector<NodeName>;

NodeNews news_of(std::string uid) {
  std::string name = "name-of-" + uid;
  return {.uid = std::move(uid), .name = std::move(name)};
}

std::vector<std::string> uids(const NodeTable& table) {
  std::vector<std::string> result;
  for (const NodeNews& news : table.alive()) result.push_back(news.uid);
  return result;
}

class NodeTableTest : public testing::Test {
 protected:
  NodeTable table_{{.own_uid = "us", .own_settings = {{"A", "00000001"}, {"B", "00000002"}}}};
  const SteadyTime start_{std::chrono::hours(1)};
};

TEST_F(NodeTableTest, ListsWhoWasHeardByUid) {
  EXPECT_EQ(table_.heartbeat(news_of("c"), start_), Heard::joined);
  EXPECT_EQ(table_.heartbeat(news_of("a"), start_), Heard::joined);
  EXPECT_EQ(table_.heartbeat(news_of("c"), start_), Heard::known);

  EXPECT_EQ(uids(table_), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(table_.alive_count(), 2U);
  EXPECT_EQ(*table_.find("a"), news_of("a"));
  EXPECT_EQ(table_.find("b"), nullptr);
}

TEST_F(NodeTableTest, KeepsTheLatestNews) {
  table_.heartbeat(news_of("a"), start_);
  NodeNews later = news_of("a");
  later.connections = 5;

  table_.heartbeat(later, start_ + seconds(5));

  EXPECT_EQ(*table_.find("a"), later);
}

TEST_F(NodeTableTest, DoesNotCountOurselves) {
  EXPECT_EQ(table_.heartbeat(news_of("us"), start_), Heard::ignored);

  EXPECT_EQ(table_.alive_count(), 0U);
  EXPECT_EQ(table_.ignored_count(), 0U);
}

TEST_F(NodeTableTest, ForgetsWhoIsSilentForTheLease) {
  table_.heartbeat(news_of("a"), start_);
  table_.heartbeat(news_of("b"), start_);
  table_.heartbeat(news_of("c"), start_);
  table_.heartbeat(news_of("b"), start_ + seconds(1));

  EXPECT_EQ(table_.expire(start_ + milliseconds(9'999)), Names{});
  EXPECT_EQ(table_.expire(start_ + seconds(10)), (Names{{"a", "name-of-a"}, {"c", "name-of-c"}}));
  EXPECT_EQ(table_.expire(start_ + seconds(10)), Names{});
  EXPECT_EQ(uids(table_), (std::vector<std::string>{"b"}));
  EXPECT_EQ(table_.heartbeat(news_of("a"), start_ + seconds(10)), Heard::joined);
}

TEST_F(NodeTableTest, ForgetsAtOnceWhoSaysBye) {
  table_.heartbeat(news_of("a"), start_);

  EXPECT_EQ(table_.bye("a"), (NodeName{"a", "name-of-a"}));
  EXPECT_EQ(table_.bye("a"), std::nullopt);
  EXPECT_EQ(table_.alive_count(), 0U);
  EXPECT_EQ(table_.expire(start_ + seconds(20)), Names{});
}

TEST_F(NodeTableTest, IgnoresAndCountsNodesBeyondItsBound) {
  NodeTable table({.own_uid = "us"});
  for (int i = 0; i < 256; ++i) EXPECT_EQ(table.heartbeat(news_of(std::to_string(i)), start_), Heard::joined);

  EXPECT_EQ(table.heartbeat(news_of("one more"), start_), Heard::ignored);
  EXPECT_EQ(table.heartbeat(news_of("7"), start_), Heard::known);

  EXPECT_EQ(table.alive_count(), 256U);
  EXPECT_EQ(table.ignored_count(), 1U);
  table.bye("7");
  EXPECT_EQ(table.heartbeat(news_of("one more"), start_), Heard::joined);
}

TEST_F(NodeTableTest, NamesTheSettingsInWhichNodesDisagree) {
  NodeNews same = news_of("a");
  same.settings = {{"A", "00000001"}, {"B", "00000002"}, {"C", "00000003"}};
  NodeNews other = news_of("b");
  other.settings = {{"A", "00000001"}, {"B", "ffffffff"}};

  table_.heartbeat(same, start_);
  table_.heartbeat(other, start_);

  EXPECT_EQ(table_.disagreeing(), (std::vector<NodeDisagreement>{{{"b", "name-of-b"}, {"B"}}}));
  other.settings = same.settings;
  table_.heartbeat(other, start_);
  EXPECT_EQ(table_.disagreeing(), std::vector<NodeDisagreement>{});
}

}  // namespace
}  // namespace relay
