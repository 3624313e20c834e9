#include "cluster/bus_publisher.h"

#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "cluster/bus_publisher_fixture.h"

namespace relay {
namespace {

using std::chrono::milliseconds;

class BusPublisherTest : public BusPublisherFixture {};

// ---- what becomes of an event

TEST_F(BusPublisherTest, IsAcceptedWhenItHasComeBack) {
  const RedisServer server;
  open(server);

  publish(event("one", 1));
  EXPECT_FALSE(publisher_.is_idle());

  EXPECT_EQ(await_fate(1), PublishFate::accepted);
  EXPECT_EQ(outcomes_[1].front().position, last_number_);
  EXPECT_EQ(answers_.at(0).messages.at(0).number, last_number_);
  EXPECT_EQ(came_, Names{"one"});
  EXPECT_TRUE(publisher_.is_idle());
  EXPECT_EQ(probe_.published.value(), 2U) << "with the canary";
  EXPECT_FALSE(publisher_.take_back(2).has_value()) << "it came already";
}

TEST_F(BusPublisherTest, WhatComesInOrderIsKnownByItsMark) {
  const RedisServer server;
  open(server);
  brings_back_ = false;
  publish(event("one", 1));
  publish(event("two", 2));
  ASSERT_TRUE(run_until([&] { return marks_.size() == 2; }));

  EXPECT_FALSE(publisher_.take_back_next(marks_[1]).has_value()) << "another one is next";
  EXPECT_FALSE(publisher_.take_back_next(0).has_value());
  const auto one = publisher_.take_back_next(marks_[0]);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->number, 2U) << "behind the canary";
  EXPECT_EQ(one->event.ticket.handle, 1U);
  EXPECT_FALSE(publisher_.take_back_next(marks_[0]).has_value()) << "it came already";
  EXPECT_EQ(publisher_.take_back_next(marks_[1]).value().number, 3U);
  EXPECT_TRUE(publisher_.is_idle());
}

TEST_F(BusPublisherTest, IsUnknownWhenItWasPublishedAndDoesNotComeBack) {
  const RedisServer server;
  open(server);
  brings_back_ = false;
  publish(event("one", 1));
  ASSERT_TRUE(run_until([&] { return answers_.size() == 1 && came_.size() == 1; }));

  advance(timeout - milliseconds(1));
  EXPECT_FALSE(has_outcome(1));
  advance(milliseconds(1));

  EXPECT_EQ(fate(1), PublishFate::unknown);
  EXPECT_EQ(probe_.unknown.value(), 1U);
  EXPECT_TRUE(publisher_.is_idle());
}

TEST_F(BusPublisherTest, ANonceTakesEffectOnce) {
  const RedisServer server;
  open(server);
  publish(event("one", 1, "nonce-01"));
  ASSERT_EQ(await_fate(1), PublishFate::accepted);
  const OffsetText offset = format_offset(answers_.at(0).epoch, outcomes_[1].front().position);

  publish(event("one", 2, "nonce-01"));
  publish(event("one", 3, "nonce-01", "2"));

  EXPECT_EQ(await_fate(2), PublishFate::duplicate);
  ASSERT_NE(outcomes_[2].front().earlier, nullptr);
  EXPECT_EQ(outcomes_[2].front().earlier->offset, std::string(offset.begin(), offset.end()));
  EXPECT_EQ(outcomes_[2].front().earlier->note, "then");
  EXPECT_EQ(await_fate(3), PublishFate::conflict);
  EXPECT_EQ(came_, Names{"one"});
  EXPECT_TRUE(publisher_.is_idle());
}

TEST_F(BusPublisherTest, SaysWhenNoMoreNoncesAreRemembered) {
  const RedisServer server;
  open(server);
  std::size_t accepted = 0;
  for (Handle ticket = 1; ticket <= 7; ++ticket) {
    publish(event("one", ticket, "nonce-0" + std::to_string(ticket)));
    const auto fate = await_fate(ticket);
    EXPECT_TRUE(fate == PublishFate::accepted || (fate == PublishFate::full && accepted >= 4));
    if (fate == PublishFate::accepted) ++accepted;
  }
  EXPECT_LE(accepted, 5U);
  publish(event("one", 8, "nonce-01"));
  EXPECT_EQ(await_fate(8), PublishFate::duplicate) << "those that are known still are";
  publish(event("one", 9));
  EXPECT_EQ(await_fate(9), PublishFate::accepted) << "who has no nonce needs no room for it";
}

// ---- Redis is away

TEST_F(BusPublisherTest, IsNotDoneWhenRedisWasNeverReached) {
  publish(event("one", 1));
  advance(timeout - milliseconds(1));
  EXPECT_FALSE(has_outcome(1)) << "it may still come";
  advance(milliseconds(1));
  EXPECT_EQ(fate(1), PublishFate::unavailable);
  EXPECT_TRUE(publisher_.is_idle());

  publish(event("two", 2));
  turn();
  EXPECT_EQ(fate(2), PublishFate::unavailable) << "at once, while it is away for so long";
  EXPECT_EQ(probe_.refused.value(), 2U);
}

TEST_F(BusPublisherTest, WhatWaitedForRedisIsPublishedWhenItComes) {
  const RedisServer server;
  publish(event("one", 1));
  advance(timeout / 2);
  open(server);
  EXPECT_EQ(await_fate(1), PublishFate::accepted);
}

TEST_F(BusPublisherTest, IsUnknownWhenRedisMayHaveItAndANonceTellsLater) {
  const RedisServer server;
  open(server);
  server.pause();
  publish(event("one", 1, "nonce-01"));
  turn();  // Redis has the batch
  advance(timeout / 2);
  EXPECT_EQ(lost_, 1) << "no answer in time ends the connection";
  EXPECT_FALSE(has_outcome(1));
  advance(timeout / 2);
  EXPECT_EQ(fate(1), PublishFate::unknown);

  server.resume();
  ASSERT_TRUE(run_until([&] { return came_ == Names{"one"}; })) << "Redis runs what it had";
  link_up(server);
  publish(event("one", 2, "nonce-01"));

  EXPECT_EQ(await_fate(2), PublishFate::duplicate);
  EXPECT_EQ(came_, Names{"one"});
}

TEST_F(BusPublisherTest, ABatchWithoutAnAnswerIsRunAgainAndTakesEffectOnce) {
  const RedisServer server;
  open(server);
  publish(event("first", 3));  // with which Redis learns the script for events without nonces
  ASSERT_EQ(await_fate(3), PublishFate::accepted);
  answers_.clear();
  came_.clear();
  server.pause();
  publish(event("one", 1));
  publish(event("two", 2));
  turn();
  advance(timeout / 2);
  ASSERT_EQ(lost_, 1);
  server.resume();
  link_up(server);

  EXPECT_EQ(await_fate(1), PublishFate::accepted);
  EXPECT_EQ(await_fate(2), PublishFate::accepted);
  EXPECT_TRUE(run_until([&] { return answers_.size() == 2; }));
  EXPECT_TRUE(answers_[0].is_repeated);
  EXPECT_EQ(came_, (Names{"one", "two"}));
}

TEST_F(BusPublisherTest, ARefusalIsCertainOnlyForABatchThatCannotHaveRunBefore) {
  auto server = std::make_unique<RedisServer>();
  open(*server);
  const std::uint16_t port = server->port();
  server->pause();
  publish(event("one", 1));
  turn();
  server.reset();
  ASSERT_TRUE(run_until([&] { return lost_ == 2; }));
  // Another one in its place, which runs no scripts.
  const RedisServer other({.configuration = "port {port}\nbind 127.0.0.1\nsave \"\"\ndir {folder}\n"
                                            "rename-command EVALSHA \"\"\nrename-command EVAL \"\"\n",
                           .port = port});
  ASSERT_TRUE(other.runs()) << other.output();
  link_up(other);
  EXPECT_EQ(await_fate(1), PublishFate::unknown) << "the first run was not answered";

  publish(event("two", 2));
  EXPECT_EQ(await_fate(2), PublishFate::unavailable);
  EXPECT_EQ(refused_.size(), 2U);
  EXPECT_EQ(useless_.size(), 2U);
}

TEST_F(BusPublisherTest, AServerThatHasForgottenTheScriptGetsItAgain) {
  const RedisServer server;
  open(server);
  EXPECT_TRUE(ask(server, {"SCRIPT", "FLUSH"}).is_ok());
  publish(event("one", 1));
  EXPECT_EQ(await_fate(1), PublishFate::accepted);
}

// ---- the first batch

TEST_F(BusPublisherTest, NothingIsSentBeforeACanaryWasTaken) {
  const RedisServer server;
  listen(server);
  publish(event("one", 1));
  link_up(server);
  publisher_.set_open(true);
  publisher_.pump();
  EXPECT_EQ(link_->pending_count(), 0U);
  bool came_back = false;

  EXPECT_TRUE(publisher_.send_canary([&] { came_back = true; }));
  EXPECT_FALSE(publisher_.send_canary()) << "one is on its way";

  EXPECT_EQ(await_fate(1), PublishFate::accepted);
  EXPECT_TRUE(came_back);
  EXPECT_EQ(came_, (Names{std::string(canary_name), "one"}));
  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_EQ(answers_[0].messages.size(), 1U) << "it travels alone";
  EXPECT_TRUE(publisher_.send_canary()) << "from now on they travel with the others";
}

TEST_F(BusPublisherTest, ACanaryThatIsRefusedHoldsEverythingBackUntilAnotherIsTaken) {
  const RedisServer server;
  listen(server);
  ASSERT_TRUE(ask(server, {"ACL", "SETUSER", "u", "on", ">u", "~*", "&*", "+@all", "-set"}).is_ok());
  link_up(server, "u");
  publisher_.set_open(true);
  publish(event("one", 1));

  ASSERT_TRUE(publisher_.send_canary());
  ASSERT_TRUE(run_until([&] { return !refused_.empty(); }));
  publisher_.pump();
  EXPECT_EQ(link_->pending_count(), 0U);
  EXPECT_FALSE(has_outcome(1));

  ASSERT_TRUE(ask(server, {"ACL", "SETUSER", "u", "+set"}).is_ok());
  ASSERT_TRUE(publisher_.send_canary());
  EXPECT_EQ(await_fate(1), PublishFate::accepted);
}

TEST_F(BusPublisherTest, TheCanaryTriesTheRightsThatANonceNeeds) {
  const RedisServer server;
  listen(server);
  ASSERT_TRUE(ask(server, {"ACL", "SETUSER", "u", "on", ">u", "~bus#relay:state", "~bus#relay:batch:*", "&*",
                           "+@all"})
                  .is_ok());
  link_up(server, "u");
  publisher_.set_open(true);
  ASSERT_TRUE(publisher_.send_canary());
  ASSERT_TRUE(run_until([&] { return !refused_.empty(); }));
  EXPECT_TRUE(came_.empty());
}

// ---- nothing is sent that would not come back

TEST_F(BusPublisherTest, NothingIsSentWhileItIsNotOpen) {
  const RedisServer server;
  open(server);
  publisher_.set_open(false);
  publish(event("one", 1));
  EXPECT_FALSE(publisher_.send_canary());
  EXPECT_EQ(link_->pending_count(), 0U);

  publisher_.set_open(true);
  EXPECT_EQ(await_fate(1), PublishFate::accepted);
}

TEST_F(BusPublisherTest, WhatWaitsUntilItIsOpenIsNotDoneAtItsDeadline) {
  const RedisServer server;
  open(server);
  publisher_.set_open(false);
  advance(timeout / 2);
  publish(event("one", 1));
  advance(timeout / 2);
  EXPECT_EQ(fate(1), PublishFate::unavailable) << "it is away for so long";
  publish(event("two", 2));
  turn();
  EXPECT_EQ(fate(2), PublishFate::unavailable);

  publisher_.set_open(true);
  publish(event("three", 3));
  EXPECT_EQ(await_fate(3), PublishFate::accepted);
  EXPECT_EQ(came_, Names{"three"});
}

// ---- bounds

TEST_F(BusPublisherTest, SoManyMayWaitAndNoMore) {
  for (Handle ticket = 1; ticket <= BusPublisher::waiting_events_max; ++ticket) {
    publisher_.take({.packet = encode_notice("relay:x", "1"), .ticket = {0, ticket}});
  }
  turn();
  EXPECT_TRUE(outcomes_.empty());
  publisher_.take(event("one", 1'000'000));
  turn();
  EXPECT_EQ(fate(1'000'000), PublishFate::overloaded);
  EXPECT_EQ(outcomes_.size(), 1U);

  advance(timeout);
  EXPECT_EQ(outcomes_.size(), BusPublisher::waiting_events_max + 1);
}

TEST_F(BusPublisherTest, SoManyBytesMayWaitAndTheyAreFreeAgainAfterwards) {
  const std::string large = '"' + std::string(BusPublisher::waiting_bytes_max / 2, 'x') + '"';
  publisher_.take(event("one", 1, {}, large));
  publisher_.take(event("two", 2, {}, large));
  publisher_.take(event("three", 3));
  turn();
  EXPECT_FALSE(has_outcome(1));
  EXPECT_EQ(fate(2), PublishFate::overloaded);
  EXPECT_FALSE(has_outcome(3));

  const RedisServer server;
  open(server);
  EXPECT_EQ(await_fate(1), PublishFate::unavailable) << "too large for the bus";
  EXPECT_EQ(await_fate(3), PublishFate::accepted) << "what cannot be sent stops nobody";
  publisher_.set_open(false);
  publisher_.take(event("four", 4, {}, large));
  turn();
  EXPECT_FALSE(has_outcome(4));
}

TEST_F(BusPublisherTest, ManyEventsTravelInBatchesOfABoundedSize) {
  const RedisServer server;
  open(server);
  constexpr Handle small_count = PublishScript::messages_max + 10;
  for (Handle ticket = 1; ticket <= small_count; ++ticket) publisher_.take(event("small", ticket));
  publisher_.pump();
  ASSERT_TRUE(run_until([&] { return outcomes_.size() == small_count; }));
  ASSERT_TRUE(run_until([&] { return answers_.size() == 2; }));
  EXPECT_EQ(answers_[0].messages.size(), PublishScript::messages_max);
  EXPECT_EQ(answers_[1].messages.size(), 10U);

  const std::string large = '"' + std::string(BusPublisher::batch_bytes_max / 2, 'x') + '"';
  for (Handle ticket = 1'001; ticket <= 1'005; ++ticket) publisher_.take(event("large", ticket, {}, large));
  publisher_.pump();
  ASSERT_TRUE(run_until([&] { return outcomes_.size() == small_count + 5; }));
  ASSERT_TRUE(run_until([&] { return answers_.size() == 5; }));
  EXPECT_EQ(answers_[2].messages.size(), 2U);
  EXPECT_EQ(answers_[4].messages.size(), 1U);
  for (const auto& [ticket, outcomes] : outcomes_) {
    EXPECT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes.front().fate, PublishFate::accepted) << ticket;
  }
}

// ---- epochs

TEST_F(BusPublisherTest, TheNextBatchEndsAnEpochThatIsTheCurrentOne) {
  const RedisServer server;
  open(server);
  publish(event("one", 1));
  ASSERT_EQ(await_fate(1), PublishFate::accepted);
  ASSERT_TRUE(run_until([&] { return answers_.size() == 1; }));
  const std::string epoch = answers_[0].epoch;

  publisher_.end_epoch("other1");
  publish(event("two", 2));
  ASSERT_TRUE(run_until([&] { return answers_.size() == 2; }));
  EXPECT_EQ(answers_[1].epoch, epoch);

  const std::uint64_t last = last_number_;
  publisher_.end_epoch(epoch);
  publish(event("three", 3));
  ASSERT_TRUE(run_until([&] { return answers_.size() == 3; }));
  EXPECT_NE(answers_[2].epoch, epoch);
  EXPECT_GE(answers_[2].epoch_start, last);
  const std::string second = answers_[2].epoch;
  publish(event("four", 4));
  ASSERT_TRUE(run_until([&] { return answers_.size() == 4; }));
  EXPECT_EQ(answers_[3].epoch, second) << "once";
}

TEST_F(BusPublisherTest, ANewEpochBeginsAboveAllNumbersThatWereSeen) {
  const RedisServer server;
  open(server);
  last_number_ = std::uint64_t{1} << 52U;
  EXPECT_TRUE(ask(server, {"FLUSHALL"}).is_ok());
  publish(event("one", 1));
  ASSERT_TRUE(run_until([&] { return answers_.size() == 1; }));
  EXPECT_EQ(answers_[0].epoch_start, std::uint64_t{1} << 52U);
}

}  // namespace
}  // namespace relay
