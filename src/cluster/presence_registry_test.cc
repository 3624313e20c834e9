#include "cluster/presence_registry.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "net/loop_turns.h"
#include "redis/redis_server_fixture.h"

namespace relay {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Texts = std::vector<std::string>;

// Redis lets a lease end by its own clock.
constexpr auto lease = std::chrono::milliseconds(300);

// Several nodes on one loop, whose time moves only by hand.
class PresenceRegistryTest : public ::testing::Test, public RedisListener {
 protected:
  struct Node {
    std::unique_ptr<PresenceRegistry> registry;
    std::unique_ptr<RedisConnection> connection;
    Texts told;
  };

  void SetUp() override {
    ASSERT_TRUE(server_.runs()) << server_.output();
    admin_ = connect();
  }
  ~PresenceRegistryTest() override {
    for (const auto& node : nodes_) end(node->connection);
    end(admin_);
    loop_.destroy_closed();
  }

  void on_redis_connected(RedisConnection&) override { ++connected_; }
  void on_redis_lost(RedisConnection&, std::string_view) override {}

  bool run_until(const std::function<bool()>& condition) {
    return turn_until([this] { turn_once(loop_); }, condition);
  }
  std::unique_ptr<RedisConnection> connect() {
    RedisListener& listener = *this;
    auto connection = std::make_unique<RedisConnection>(
        loop_, RedisConnectionOptions{.server = server_.endpoint()}, listener);
    const int before = connected_;
    connection->start();
    EXPECT_TRUE(run_until([&] { return connected_ > before; }));
    return connection;
  }
  static void end(std::unique_ptr<RedisConnection>& connection) {
    if (connection) RedisConnection::end(std::exchange(connection, nullptr));
  }
  RedisReply ask_on(RedisConnection& connection, const RedisCommand& command) {
    std::optional<RedisReply> answer;
    EXPECT_TRUE(connection.send(command, [&](const RedisReply& reply) { answer = reply; }).has_value());
    EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
    return answer.value_or(RedisReply{});
  }
  RedisReply ask(const RedisCommand& command) { return ask_on(*admin_, command); }

  Node& add(const std::string& uid) {
    Node& node = *nodes_.emplace_back(std::make_unique<Node>());
    node.registry = std::make_unique<PresenceRegistry>(
        loop_, PresenceRegistry::Options{.key_prefix = "bus", .uid = uid, .lease = lease},
        PresenceRegistry::Calls{
            .post = [](std::move_only_function<void()> task) { task(); },
            .tell =
                [&node](PresenceRegistry::Change change, const std::string& room, std::string_view account) {
                  const bool joined = change == PresenceRegistry::Change::joined;
                  node.told.push_back((joined ? "+" : "-") + room + "/" + std::string(account));
                }});
    link_up(node);
    return node;
  }
  void link_up(Node& node) {
    node.connection = connect();
    node.registry->on_link_up(*node.connection);
    settle(node);
  }
  void link_down(Node& node) {
    node.registry->on_link_down();
    end(node.connection);
  }
  // Until what the node has said so far is answered, and what it said to those answers.
  void settle(Node& node) {
    for (int i = 0; i < 4; ++i) ask_on(*node.connection, {"PING"});
  }
  Texts told(Node& node) {
    settle(node);
    return std::exchange(node.told, {});
  }
  // A node that says nothing any more, as long as it takes to be dead.
  void let_die(Node& node, const std::string& uid) {
    link_down(node);
    ASSERT_TRUE(run_until([&] { return ask({"EXISTS", "bus#relay:lease:" + uid}).integer == 0; }));
  }
  // Into one room, as `0`, `1`, ...
  void enter_many(Node& node, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) node.registry->enter("room", std::to_string(i));
    EXPECT_THAT(told(node), SizeIs(count));
  }
  void sweep(Node& node) {
    clock_.advance(PresenceRegistry::renewal_interval);
    turn_once(loop_);
    node.registry->tick();
  }

  ManualClock clock_;
  EventLoop loop_{clock_, std::chrono::milliseconds(1)};
  RedisServer server_;
  std::unique_ptr<RedisConnection> admin_;
  std::vector<std::unique_ptr<Node>> nodes_;
  int connected_ = 0;
};

TEST_F(PresenceRegistryTest, AnAccountIsToldOnceHoweverManyNodesItIsOn) {
  Node& a = add("a");
  Node& b = add("b");

  a.registry->enter("room", "ann");
  EXPECT_EQ(told(a), Texts{"+room/ann"});
  b.registry->enter("room", "ann");
  EXPECT_THAT(told(b), IsEmpty());
  a.registry->leave("room", "ann");
  EXPECT_THAT(told(a), IsEmpty());
  b.registry->leave("room", "ann");
  EXPECT_EQ(told(b), Texts{"-room/ann"});
}

TEST_F(PresenceRegistryTest, RoomsAndAccountsAreApart) {
  Node& a = add("a");
  for (const auto& [room, account] : std::vector<std::pair<std::string, std::string>>{
           {"room", "ann"}, {"room", "bob"}, {"room 2", "ann"}, {"roomann", ""}}) {
    a.registry->enter(room, account);
  }

  EXPECT_EQ(told(a), (Texts{"+room/ann", "+room/bob", "+room 2/ann", "+roomann/"}));
}

TEST_F(PresenceRegistryTest, WhoLeavesWithoutHavingEnteredIsToldToNobody) {
  Node& a = add("a");
  a.registry->leave("room", "ann");
  EXPECT_THAT(told(a), IsEmpty());
}

TEST_F(PresenceRegistryTest, WhatADeadNodeHadIsToldByOneOfTheOthersAndItsKeysGo) {
  Node& a = add("a");
  a.registry->enter("room", "ann");
  settle(a);
  let_die(a, "a");
  Node& b = add("b");
  Node& c = add("c");

  sweep(b);
  EXPECT_EQ(told(b), Texts{"-room/ann"});
  c.registry->tick();
  EXPECT_THAT(told(c), IsEmpty());

  Texts keys;
  for (const RedisReply& key : ask({"KEYS", "*"}).elements) keys.push_back(key.text);
  EXPECT_THAT(keys, UnorderedElementsAre("bus#relay:here", "bus#relay:lease:b", "bus#relay:lease:c"));
}

TEST_F(PresenceRegistryTest, WhoIsAlsoOnAnotherNodeHasNotLeftWithTheDeadOne) {
  Node& a = add("a");
  a.registry->enter("room", "ann");
  settle(a);
  let_die(a, "a");
  Node& b = add("b");
  b.registry->enter("room", "ann");
  EXPECT_EQ(told(b), Texts{"+room/ann"}) << "the dead one counts for nothing";

  sweep(b);
  EXPECT_THAT(told(b), IsEmpty());
  b.registry->leave("room", "ann");
  EXPECT_EQ(told(b), Texts{"-room/ann"});
}

TEST_F(PresenceRegistryTest, ADeadNodeIsSweptInPieces) {
  constexpr std::size_t pairs = PresenceRegistry::pairs_per_sweep + 10;
  Node& a = add("a");
  enter_many(a, pairs);
  let_die(a, "a");
  Node& b = add("b");

  sweep(b);
  EXPECT_THAT(told(b), SizeIs(PresenceRegistry::pairs_per_sweep));
  sweep(b);
  EXPECT_THAT(told(b), SizeIs(10));
  sweep(b);
  EXPECT_THAT(told(b), IsEmpty());
}

TEST_F(PresenceRegistryTest, ANodeThatWasSweptWhileItWasAwayEntersAllAgain) {
  constexpr std::size_t pairs = PresenceRegistry::pairs_per_run + 10;
  Node& a = add("a");
  enter_many(a, pairs);
  let_die(a, "a");
  Node& b = add("b");
  sweep(b);
  sweep(b);
  EXPECT_THAT(told(b), SizeIs(pairs));

  link_up(a);

  EXPECT_THAT(told(a), SizeIs(pairs));
  a.registry->leave("room", "7");
  EXPECT_EQ(told(a), Texts{"-room/7"});
}

TEST_F(PresenceRegistryTest, ANodeThatWasAwayForAMomentTellsNothingTwice) {
  Node& a = add("a");
  a.registry->enter("room", "ann");
  EXPECT_EQ(told(a), Texts{"+room/ann"});

  link_down(a);
  link_up(a);

  EXPECT_THAT(told(a), IsEmpty());
}

TEST_F(PresenceRegistryTest, WhoCameAndWentWhileRedisWasAwayIsToldAfterwards) {
  Node& a = add("a");
  a.registry->enter("room", "ann");
  a.registry->enter("room", "bob");
  EXPECT_THAT(told(a), SizeIs(2));

  link_down(a);
  a.registry->leave("room", "ann");
  a.registry->enter("room", "cat");
  a.registry->enter("room", "dan");
  a.registry->leave("room", "dan");
  link_up(a);

  EXPECT_THAT(told(a), UnorderedElementsAre("+room/cat", "-room/ann"));
}

TEST_F(PresenceRegistryTest, WhenRedisHasForgottenAllThePairsAreBackAndNobodyIsTold) {
  Node& a = add("a");
  Node& b = add("b");
  a.registry->enter("room", "ann");
  b.registry->enter("room", "ann");
  EXPECT_EQ(told(a), Texts{"+room/ann"});
  settle(b);
  link_down(a);
  link_down(b);
  ask({"FLUSHALL"});

  link_up(a);
  link_up(b);

  EXPECT_THAT(told(a), IsEmpty());
  EXPECT_THAT(told(b), IsEmpty());
  EXPECT_THAT(ask({"SMEMBERS", "bus#relay:here:room\nann"}).elements, SizeIs(2));
  a.registry->leave("room", "ann");
  EXPECT_THAT(told(a), IsEmpty());
  b.registry->leave("room", "ann");
  EXPECT_EQ(told(b), Texts{"-room/ann"});
}

}  // namespace
}  // namespace relay
