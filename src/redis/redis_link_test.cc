#include "redis/redis_link.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "net/loop_turns.h"
#include "redis/redis_server_fixture.h"

namespace relay {
namespace {

using std::chrono::milliseconds;
using Texts = std::vector<std::string>;

constexpr auto first_pause_max = milliseconds(100);
constexpr auto pause_max = milliseconds(2'000);
constexpr auto answer_time_max = milliseconds(2'010);  // with the grain of the timers

// A link on a loop whose time moves only by hand: pauses end when the test says so.
class RedisLinkTest : public ::testing::Test, public RedisLinkListener {
 protected:
  ~RedisLinkTest() override {
    link_.reset();
    loop_.destroy_closed();
  }

  void on_link_up(RedisLink& link) override {
    EXPECT_NE(link.connection(), nullptr);
    heard_.emplace_back("up");
    if (when_up_) when_up_();
  }
  void on_link_push(RedisLink&, RedisReply& push) override {
    heard_.push_back("push " + push.elements.back().text);
  }
  void on_link_down(RedisLink& link, bool was_up, std::string_view reason) override {
    EXPECT_EQ(link.connection(), nullptr);
    heard_.emplace_back(was_up ? "down" : "failed");
    reason_ = reason;
    if (when_down_) when_down_();
  }

  void start(RedisUrl url) {
    link_ = std::make_unique<RedisLink>(loop_, RedisLinkOptions{.url = std::move(url), .client_name = "link"},
                                        *this);
    link_->start();
  }
  void start(const RedisServer& server) {
    ASSERT_TRUE(server.runs()) << server.output();
    start(url_of(server.endpoint()));
  }
  static RedisUrl url_of(const RedisEndpoint& server) { return {.endpoints = {server}}; }
  static RedisUrl url_of_sentinel(const RedisServer& sentinel) {
    return {.kind = RedisUrl::Kind::sentinel, .endpoints = {sentinel.endpoint()}, .service = "main"};
  }

  void turn() { turn_once(loop_); }
  bool run_until(const std::function<bool()>& condition) {
    return turn_until([this] { turn(); }, condition);
  }
  bool await_heard(const Texts& expected) {
    const bool came = run_until([&] { return heard_.size() >= expected.size(); });
    EXPECT_EQ(heard_, expected);
    return came && heard_ == expected;
  }
  // The next attempt is made, and has ended.
  void retry() {
    const std::size_t before = heard_.size();
    clock_.advance(pause_max);
    ASSERT_TRUE(run_until([&] { return heard_.size() > before; }));
  }
  RedisReply ask(const RedisCommand& command) {
    std::optional<RedisReply> answer;
    EXPECT_TRUE(link_->connection()->send(command, [&](const RedisReply& reply) { answer = reply; }));
    EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
    return answer.value_or(RedisReply{});
  }
  // The server ends the link's connection, by the link's own hand.
  void be_killed() {
    const RedisReply id = ask({"CLIENT", "ID"});
    static_cast<void>(
        link_->connection()->send({"CLIENT", "KILL", "ID", std::to_string(id.integer), "SKIPME", "no"}, {}));
  }

  ManualClock clock_;
  EventLoop loop_{clock_, milliseconds(1)};
  Texts heard_;
  std::string reason_;
  std::function<void()> when_up_;
  std::function<void()> when_down_;
  std::unique_ptr<RedisLink> link_;
};

TEST_F(RedisLinkTest, ComesUpUnderItsName) {
  const RedisServer server;
  start(server);
  EXPECT_FALSE(link_->is_up());
  EXPECT_EQ(link_->connection(), nullptr);

  ASSERT_TRUE(await_heard({"up"}));

  EXPECT_TRUE(link_->is_up());
  EXPECT_EQ(link_->server(), server.endpoint().to_string());
  EXPECT_EQ(ask({"CLIENT", "GETNAME"}).text, "link");
}

TEST_F(RedisLinkTest, EntersTheDatabaseOfTheUrlWithItsPassword) {
  const RedisServer server({.options = {"--requirepass", "right"}});
  RedisUrl url = url_of(server.endpoint());
  url.password = "right";
  url.database = 3;
  start(url);
  ASSERT_TRUE(await_heard({"up"}));
  EXPECT_TRUE(ask({"CLIENT", "INFO"}).text.contains(" db=3 "));

  url.password = "wrong";
  start(url);
  EXPECT_TRUE(await_heard({"up", "failed"}));
}

TEST_F(RedisLinkTest, IsMadeAgainWhenTheServerEndsIt) {
  const RedisServer server;
  start(server);
  ASSERT_TRUE(await_heard({"up"}));
  be_killed();
  ASSERT_TRUE(await_heard({"up", "down"}));
  EXPECT_FALSE(link_->is_up());

  retry();

  EXPECT_EQ(heard_, (Texts{"up", "down", "up"}));
  EXPECT_TRUE(ask({"PING"}).is_ok());
}

TEST_F(RedisLinkTest, WhatWaitsForAReplyHearsThatItIsLostBeforeTheListener) {
  const RedisServer server;
  start(server);
  ASSERT_TRUE(await_heard({"up"}));
  server.pause();
  ASSERT_TRUE(link_->connection()->send({"PING"}, [this](const RedisReply& reply) {
    heard_.emplace_back(reply.is_lost() ? "lost" : "answered");
  }));
  turn();
  clock_.advance(answer_time_max);
  EXPECT_TRUE(await_heard({"up", "lost", "down"}));
  server.resume();
}

TEST_F(RedisLinkTest, AsksAgainUntilThereIsAServer) {
  const std::uint16_t port = RedisServer::free_port();
  start(url_of({"127.0.0.1", port}));
  ASSERT_TRUE(await_heard({"failed"}));
  for (int i = 0; i < 10; ++i) turn();
  EXPECT_EQ(heard_.size(), 1U) << "there is a pause";
  retry();
  retry();
  EXPECT_EQ(heard_, (Texts{"failed", "failed", "failed"}));

  const RedisServer server({.port = port});
  ASSERT_TRUE(server.runs()) << server.output();
  retry();
  EXPECT_EQ(heard_.back(), "up");
}

TEST_F(RedisLinkTest, AServerThatDoesNotAnswerIsGivenUpInTime) {
  const RedisServer server;
  server.pause();
  start(url_of(server.endpoint()));
  turn();
  EXPECT_TRUE(heard_.empty());
  clock_.advance(answer_time_max);
  EXPECT_TRUE(await_heard({"failed"}));
  server.resume();
  retry();
  EXPECT_EQ(heard_.back(), "up");
}

TEST_F(RedisLinkTest, ALinkThatWasSteadyIsMadeAgainSoon) {
  const std::uint16_t port = RedisServer::free_port();
  start(url_of({"127.0.0.1", port}));
  ASSERT_TRUE(await_heard({"failed"}));
  for (int i = 0; i < 8; ++i) retry();  // the pauses are long by now
  const RedisServer server({.port = port});
  ASSERT_TRUE(server.runs()) << server.output();
  retry();
  ASSERT_EQ(heard_.back(), "up");

  for (int i = 0; i < 4; ++i) {
    clock_.advance(RedisLink::steady_after);
    turn();
    link_->drop("a test");
    ASSERT_EQ(heard_.back(), "down");
    clock_.advance(first_pause_max);
    ASSERT_TRUE(run_until([&] { return link_->is_up(); }));
  }
}

TEST_F(RedisLinkTest, WhatIsPushedReachesTheListener) {
  const RedisServer server;
  start(server);
  ASSERT_TRUE(await_heard({"up"}));
  bool stands = false;
  ASSERT_TRUE(link_->connection()->subscribe({"SUBSCRIBE", "c"}, [&](const RedisReply&) { stands = true; }));
  ASSERT_TRUE(run_until([&] { return stands; }));
  heard_.clear();

  RedisLink other(loop_, {.url = url_of(server.endpoint())}, *this);
  other.start();
  ASSERT_TRUE(await_heard({"up"}));
  static_cast<void>(other.connection()->send({"PUBLISH", "c", "hello"}, {}));

  EXPECT_TRUE(await_heard({"up", "push hello"}));
}

TEST_F(RedisLinkTest, ADropIsHeardWithinTheCallAndAnotherConnectionIsMade) {
  const RedisServer server;
  start(server);
  ASSERT_TRUE(await_heard({"up"}));

  link_->drop("it is of no use");

  EXPECT_EQ(heard_, (Texts{"up", "down"}));
  EXPECT_EQ(reason_, "it is of no use");
  link_->drop("there is none");
  EXPECT_EQ(heard_.size(), 2U);
  retry();
  EXPECT_EQ(heard_.back(), "up");
}

TEST_F(RedisLinkTest, ADropMayComeBeforeItIsUpAndInItsOwnCallback) {
  const RedisServer server;
  start(server);
  link_->drop("too early");
  EXPECT_EQ(heard_, Texts{"failed"});
  when_up_ = [this] { link_->drop("not this one"); };
  retry();
  EXPECT_EQ(heard_, (Texts{"failed", "up", "down"}));
  when_up_ = {};
  retry();
  EXPECT_EQ(heard_.back(), "up");
  EXPECT_TRUE(link_->is_up());
}

TEST_F(RedisLinkTest, AfterAStopNothingIsHeard) {
  const RedisServer server;
  start(server);
  ASSERT_TRUE(await_heard({"up"}));
  bool is_lost = false;
  ASSERT_TRUE(
      link_->connection()->send({"PING"}, [&](const RedisReply& reply) { is_lost = reply.is_lost(); }));

  link_->stop();
  link_->drop("no more");
  clock_.advance(pause_max);
  for (int i = 0; i < 5; ++i) turn();

  EXPECT_TRUE(is_lost) << "but whoever waited for a reply is told";
  EXPECT_EQ(heard_, Texts{"up"});
  EXPECT_FALSE(link_->is_up());
}

TEST_F(RedisLinkTest, MayBeStoppedInEachOfItsCallbacks) {
  const RedisServer server;
  when_up_ = [this] { link_->stop(); };
  start(server);
  ASSERT_TRUE(await_heard({"up"}));
  when_up_ = {};

  when_down_ = [this] { link_->stop(); };
  start(url_of({"127.0.0.1", RedisServer::free_port()}));
  ASSERT_TRUE(await_heard({"up", "failed"}));
  clock_.advance(pause_max);
  for (int i = 0; i < 5; ++i) turn();
  EXPECT_EQ(heard_, (Texts{"up", "failed"}));
}

TEST_F(RedisLinkTest, FollowsTheMasterThatTheSentinelNames) {
  const RedisServer first;
  const RedisServer second;
  const RedisServer sentinel({.options = {"--sentinel"},
                              .configuration = "port {port}\nbind 127.0.0.1\ndir {folder}\n"
                                               "sentinel monitor main 127.0.0.1 " +
                                               std::to_string(first.port()) + " 1\n"});
  ASSERT_TRUE(first.runs() && second.runs() && sentinel.runs()) << sentinel.output();
  start(url_of_sentinel(sentinel));
  ASSERT_TRUE(await_heard({"up"}));
  EXPECT_EQ(link_->server(), first.endpoint().to_string());

  const std::unique_ptr<RedisLink> kept = std::move(link_);
  start(url_of(sentinel.endpoint()));
  ASSERT_TRUE(await_heard({"up", "up"}));
  EXPECT_TRUE(ask({"SENTINEL", "REMOVE", "main"}).is_ok());
  EXPECT_TRUE(ask({"SENTINEL", "MONITOR", "main", "127.0.0.1", std::to_string(second.port()), "1"}).is_ok());
  kept->drop("the master has changed");
  retry();

  EXPECT_EQ(heard_, (Texts{"up", "up", "down", "up"}));
  EXPECT_EQ(kept->server(), second.endpoint().to_string());
}

TEST_F(RedisLinkTest, AsksAgainWhenNoSentinelAnswers) {
  start({.kind = RedisUrl::Kind::sentinel,
         .endpoints = {{"127.0.0.1", RedisServer::free_port()}},
         .service = "main"});
  ASSERT_TRUE(await_heard({"failed"}));
  EXPECT_FALSE(reason_.empty());
  retry();
  EXPECT_EQ(heard_, (Texts{"failed", "failed"}));
  link_->stop();
}

}  // namespace
}  // namespace relay
