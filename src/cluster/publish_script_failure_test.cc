// What is left when Redis refuses the script a write, a key, a command or a channel.

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/publish_script.h"
#include "cluster/publish_script_fixture.h"

namespace relay {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Kind = PublishedMessage::Kind;

class PublishScriptFailureTest : public PublishScriptAdaptersTest {
 protected:
  [[nodiscard]] bool is_streams() const { return GetParam() == BusAdapter::streams; }

  // That the batch is refused for `code`, changes no key, uses up no number and no nonce, and can be run
  // again.
  void expect_clean_refusal(const std::string& code, const std::function<void()>& mend) {
    const Messages batch{message("a", "nonce " + std::to_string(batch_.number)), message("b")};
    const std::int64_t keys = keys_count();
    const RedisReply number = ask_as_admin({"HGET", "bus#relay:state", "number"});

    const PublishBatchResult refused = publish(batch);

    EXPECT_EQ(kinds(refused), Kinds(2, Kind::refused));
    for (const PublishedMessage& message : refused.messages)
      EXPECT_THAT(message.error, StartsWith(code + " "));
    EXPECT_EQ(keys_count(), keys);
    EXPECT_EQ(ask_as_admin({"HGET", "bus#relay:state", "number"}), number);
    mend();
    const PublishBatchResult again = repeat(batch);
    EXPECT_EQ(kinds(again), Kinds(2, Kind::published));
    EXPECT_FALSE(again.is_repeated);
    if (number.kind == RedisReply::Kind::bulk) {
      EXPECT_EQ(std::to_string(again.messages.at(0).number - 1), number.text);
    }
  }
};
class PublishScriptStreamFailureTest : public PublishScriptFixture {
 protected:
  PublishScriptStreamFailureTest() { options_.adapter = BusAdapter::streams; }
};
INSTANTIATE_TEST_SUITE_P(All, PublishScriptFailureTest,
                         ::testing::Values(BusAdapter::pubsub, BusAdapter::streams), adapter_name);

TEST_P(PublishScriptFailureTest, WithoutMemoryNothingIsDone) {
  ask({"CONFIG", "SET", "maxmemory", "1"});

  expect_clean_refusal("OOM", [&] { ask({"CONFIG", "SET", "maxmemory", "0"}); });
}

TEST_P(PublishScriptFailureTest, WithoutMemoryNothingIsDoneInAnEpochThatExists) {
  publish(messages(3));
  ask({"CONFIG", "SET", "maxmemory", "1"});

  expect_clean_refusal("OOM", [&] { ask({"CONFIG", "SET", "maxmemory", "0"}); });
}

TEST_P(PublishScriptFailureTest, AReplicaRefuses) {
  publish(messages(3));
  ask({"REPLICAOF", "127.0.0.1", "1"});

  expect_clean_refusal("READONLY", [&] { ask({"REPLICAOF", "NO", "ONE"}); });
}

TEST_P(PublishScriptFailureTest, AServerWithTooFewReplicasRefuses) {
  publish(messages(3));
  ask({"CONFIG", "SET", "min-replicas-to-write", "1"});

  expect_clean_refusal("NOREPLICAS", [&] { ask({"CONFIG", "SET", "min-replicas-to-write", "0"}); });
}

TEST_P(PublishScriptFailureTest, WithoutTheRightToWriteTheStateTheBatchHasNotBegun) {
  const Messages batch{message("a", "a"), message("b")};
  for (const bool is_first : {true, false}) {
    const std::uint64_t earlier = batch_.number;
    become({"+@all", "~bus*", "&*", "-hset"});

    EXPECT_EQ(kinds(publish(batch)), Kinds(2, Kind::refused));

    ASSERT_TRUE(connect(server_));
    if (!is_first) {
      // What the earlier batch did is still told.
      batch_.number = earlier;
      EXPECT_TRUE(repeat(batch).is_repeated);
      batch_.number = earlier + 1;
    }
    EXPECT_EQ(kinds(repeat(batch)), (Kinds{is_first ? Kind::published : Kind::seen, Kind::published}));
  }
}

TEST_P(PublishScriptFailureTest, SomebodyElsesKeyOfTheStateOrTheBatchIsLeftAlone) {
  for (const std::string key : {"bus#relay:state", "bus#relay:batch:node-1"}) {
    ask({"DEL", key});
    ask({"LPUSH", key, "theirs"});
    expect_clean_refusal("WRONGTYPE", [&] {
      EXPECT_EQ(ask({"LRANGE", key, "0", "-1"}).elements.at(0).text, "theirs");
      ask({"DEL", key});
    });
  }
  ask({"SET", "bus#relay:batch:node-1", "theirs"});
  expect_clean_refusal("ERR", [&] {
    EXPECT_EQ(ask({"GET", "bus#relay:batch:node-1"}).text, "theirs");
    ask({"DEL", "bus#relay:batch:node-1"});
  });
}

TEST_P(PublishScriptFailureTest, SomebodyElsesKeyOfANonceOrTheirBookConcernsNoOtherMessage) {
  ask({"LPUSH", "bus#relay:nonce:a", "theirs"});
  ask({"SET", "bus#relay:nonce:b", "theirs"});
  const Messages batch{message("a", "a"), message("b", "b"), message("c", "c"), message("d")};

  const PublishBatchResult first = publish(batch);
  ask({"DEL", "bus#relay:nonces"});
  ask({"SET", "bus#relay:nonces", "theirs"});
  const PublishBatchResult second = publish({message("e", "e"), message("f"), message("c", "c")});

  EXPECT_EQ(kinds(first), (Kinds{Kind::refused, Kind::refused, Kind::published, Kind::published}));
  EXPECT_EQ(kinds(second), (Kinds{Kind::refused, Kind::published, Kind::seen}));
  EXPECT_EQ(second.messages.at(1).number, first.messages.at(2).number + 2);
  EXPECT_EQ(ask({"GET", "bus#relay:nonce:b"}).text, "theirs");
  EXPECT_EQ(ask({"EXISTS", "bus#relay:nonce:e"}).integer, 0);
}

TEST_P(PublishScriptFailureTest, AMessageThatCannotBeHandedOnUsesUpNeitherNonceNorNumber) {
  const std::uint64_t last = publish(messages(1)).messages.at(0).number;
  if (is_streams()) {
    ask({"DEL", "bus"});
    ask({"SET", "bus", "theirs"});
  } else {
    become({"+@all", "~bus*", "resetchannels", "&open"});
  }
  const Messages batch{message("a", "a"), message("b"), message("a", "a")};
  BusMessage open = message("c", "c");
  open.channel = "open";

  const PublishBatchResult refused = publish(batch);
  const PublishBatchResult mixed = publish({batch[0], open});

  EXPECT_EQ(kinds(refused), Kinds(3, Kind::refused));
  EXPECT_THAT(refused.messages.at(0).error, is_streams() ? HasSubstr("WRONGTYPE") : HasSubstr("The user "));
  EXPECT_EQ(kinds(mixed), (Kinds{Kind::refused, is_streams() ? Kind::refused : Kind::published}));
  EXPECT_EQ(ask({"HGET", "bus#relay:nonces", "total"}).text, is_streams() ? "0" : "1");
  if (is_streams()) ask({"DEL", "bus"});
  ASSERT_TRUE(connect(server_));
  const PublishBatchResult mended = publish(batch);
  EXPECT_EQ(kinds(mended), (Kinds{Kind::published, Kind::published, Kind::seen}));
  EXPECT_EQ(mended.messages.at(0).number, last + (is_streams() ? 1 : 2));
}

TEST_P(PublishScriptFailureTest, WithoutTheRightToItsKeysNothingIsDone) {
  become({"+@all", "~bus", "~bus#relay:state", "~bus#relay:batch:*", "~bus#relay:nonces", "&*"});
  subscribe("c");
  batch_.number = 1;
  const Messages batch{message("a", "a"), message("b")};
  batch_.messages = batch;

  const RedisReply reply = ask(PublishScript(options_).whole(batch_));

  EXPECT_EQ(reply.error_code(), "NOPERM");
  EXPECT_EQ(keys_count(), 0);
  EXPECT_THAT(received(0), IsEmpty());
}

// What was published was published once and is remembered; what was refused was not, and is free. No number
// is left out.
TEST_P(PublishScriptFailureTest, WhateverCommandIsNotAllowedEveryAnswerIsTrue) {
  subscribe("c");
  std::size_t handed_on = 0;
  int round = 0;
  for (const std::string command : {"get", "hmget", "set", "hset", "time", "publish", "xadd", "hgetall",
                                    "pttl", "pexpire", "hdel", "del", "xdel", "hget"}) {
    ask_as_admin({"DEL", "bus#relay:nonces"});
    const std::uint64_t last = publish(messages(1)).messages.at(0).number;
    const std::string tag = std::to_string(++round);
    const Messages batch{message("a", "a" + tag), message("b"), message("c", "c" + tag)};
    become({"+@all", "~*", "&*", "-" + command});

    const PublishBatchResult hindered = publish(batch);
    ASSERT_TRUE(connect(server_));
    const PublishBatchResult after = publish(batch);

    ASSERT_THAT(hindered.messages, SizeIs(3)) << command;
    std::uint64_t number = last;
    ++handed_on;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const bool done = hindered.messages[i].kind == Kind::published;
      EXPECT_TRUE(done || hindered.messages[i].kind == Kind::refused) << command;
      EXPECT_EQ(after.messages.at(i).kind, done && i != 1 ? Kind::seen : Kind::published) << command;
      if (done) {
        EXPECT_EQ(hindered.messages[i].number, ++number) << command;
        ++handed_on;
      }
    }
    for (const PublishedMessage& message : after.messages) {
      if (message.kind != Kind::published) continue;
      EXPECT_EQ(message.number, ++number) << command;
      ++handed_on;
    }
    EXPECT_EQ(is_streams() ? static_cast<std::size_t>(ask({"XLEN", "bus"}).integer) : received(0).size(),
              handed_on)
        << command;
  }
}

TEST_P(PublishScriptFailureTest, ANonceThatCannotBeKeptIsNotPublished) {
  const std::uint64_t last = publish(messages(1)).messages.at(0).number;
  become({"+@all", "-set", "~bus*", "&*", "(+set ~bus#relay:batch:*)"});
  subscribe("c");
  wait_for_the_stream();

  const PublishBatchResult result = publish({message("a", "a"), message("b"), message("c", "c")});

  EXPECT_EQ(kinds(result), (Kinds{Kind::refused, Kind::published, Kind::refused}));
  EXPECT_THAT(result.messages.at(0).error, HasSubstr("The user "));
  EXPECT_EQ(result.messages.at(1).number, last + 1);
  if (is_streams()) {
    ASSERT_TRUE(run_until([&] { return read_.has_value(); }));
    const std::vector<RedisReply>& entries = read_->elements.at(0).elements.at(1).elements;
    ASSERT_THAT(entries, SizeIs(1));
    EXPECT_EQ(entries[0].elements.at(1).elements.at(1).text, std::to_string(result.messages[1].number));
  } else {
    EXPECT_THAT(received(1), SizeIs(1));
  }
}

TEST_F(PublishScriptStreamFailureTest, WhoWaitsForTheStreamDoesNotSeeWhatIsTakenBack) {
  publish(messages(1));
  become({"+@all", "-set", "~bus*", "&*", "(+set ~bus#relay:batch:*)"});
  wait_for_the_stream();

  EXPECT_EQ(kinds(publish({message("a", "a")})), Kinds{Kind::refused});

  // Redis 7.0 wakes it with no entry, because the stream's last id has moved.
  publish(messages(1));
  ASSERT_TRUE(run_until([&] { return read_.has_value(); }));
  const std::vector<RedisReply>& entries = read_->elements.at(0).elements.at(1).elements;
  for (const RedisReply& entry : entries) EXPECT_NE(entry.elements.at(1).elements.at(3).text, "a");
}

TEST_P(PublishScriptFailureTest, WhatCannotBeTakenBackIsSaidAsItIs) {
  publish(messages(1));
  if (is_streams()) {
    become({"+@all", "-set", "-xdel", "~bus*", "&*", "(+set ~bus#relay:batch:*)"});
    EXPECT_EQ(kinds(publish({message("a", "a")})), Kinds{Kind::published});
    EXPECT_EQ(ask({"XLEN", "bus"}).integer, 2);
    return;
  }
  // The nonce cannot be deleted, and expires at once.
  become({"+@all", "-del", "~bus*", "resetchannels"});
  EXPECT_EQ(kinds(publish({message("a", "a")})), Kinds{Kind::refused});
  EXPECT_TRUE(run_until([&] { return ask({"EXISTS", "bus#relay:nonce:a"}).integer == 0; }));
}

}  // namespace
}  // namespace relay
