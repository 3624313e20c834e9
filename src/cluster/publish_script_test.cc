#include "cluster/publish_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/msgpack_writer.h"
#include "cluster/publish_script_fixture.h"
#include "cluster/publish_script_text.h"
#include "cluster/script_hash.h"

namespace relay {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Kind = PublishedMessage::Kind;

const std::string all_bytes = [] {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}();

class PublishScriptTest : public PublishScriptFixture {};
INSTANTIATE_TEST_SUITE_P(All, PublishScriptAdaptersTest,
                         ::testing::Values(BusAdapter::pubsub, BusAdapter::streams), adapter_name);

TEST_P(PublishScriptAdaptersTest, IsKnownToRedisByItsHash) {
  for (const bool with_nonces : {false, true}) {
    const std::string text = publish_script_text(GetParam(), with_nonces);
    EXPECT_EQ(ask({"SCRIPT", "LOAD", text}).text, script_hash(text));
  }
}

TEST_F(PublishScriptTest, PutsTheNumberIntoTheLastBytesOfThePayload) {
  subscribe("c");

  const PublishBatchResult result = publish({message("one"), message(all_bytes)});

  EXPECT_EQ(kinds(result), (Kinds{Kind::published, Kind::published}));
  EXPECT_EQ(received(2),
            (std::vector<std::string>{"message c one" + big_endian(result.messages.at(0).number),
                                      "message c " + all_bytes + big_endian(result.messages.at(1).number)}));
  EXPECT_EQ(result.messages[0].epoch, "epoch1");
}

TEST_F(PublishScriptTest, AppendsTheFieldsAndTheNumberToTheStream) {
  options_.adapter = BusAdapter::streams;
  const BusMessage binary{.fields = {{"uid", "node-1"}, {all_bytes, all_bytes}}};

  const PublishBatchResult result = publish({binary});

  ASSERT_EQ(kinds(result), Kinds{Kind::published});
  const RedisReply entries = ask({"XRANGE", "bus", "-", "+"});
  ASSERT_THAT(entries.elements, SizeIs(1));
  std::vector<std::string> fields;
  for (const RedisReply& field : entries.elements[0].elements.at(1).elements) fields.push_back(field.text);
  EXPECT_EQ(fields, (std::vector<std::string>{"p", std::to_string(result.messages[0].number), "uid", "node-1",
                                              all_bytes, all_bytes}));
}

TEST_F(PublishScriptTest, KeepsTheStreamNearItsLength) {
  options_.adapter = BusAdapter::streams;
  options_.stream_length_max = 100;

  for (int i = 0; i < 10; ++i) publish(messages(256));

  EXPECT_LT(ask({"XLEN", "bus"}).integer, 300);
}

TEST_P(PublishScriptAdaptersTest, NumbersHaveNoGapOverBatchesAndNodes) {
  const std::uint64_t first = publish(messages(1)).messages.at(0).number;
  std::uint64_t expected = first;

  for (int round = 0; round < 3; ++round) {
    for (const std::string_view uid : {"node-1", "node-2"}) {
      batch_.uid = uid;
      for (const PublishedMessage& published : publish(messages(3)).messages) {
        EXPECT_EQ(published.number, ++expected);
      }
    }
  }

  EXPECT_EQ(expected, first + 18);
  EXPECT_GT(first, 1'700'000'000'000U * 1024);
  EXPECT_LT(expected, std::uint64_t{1} << 53U);
}

TEST_P(PublishScriptAdaptersTest, ABatchThatIsRunAgainSaysTheSameAndDoesNothing) {
  subscribe("c");
  const Messages batch{message("a", "nonce-a"), message("b"), message("a", "nonce-a"),
                       message("a", "nonce-a", "other")};
  const PublishBatchResult once = publish(batch);

  const PublishBatchResult again = repeat(batch);

  EXPECT_FALSE(once.is_repeated);
  EXPECT_TRUE(again.is_repeated);
  EXPECT_EQ(again.epoch, once.epoch);
  EXPECT_EQ(kinds(once), (Kinds{Kind::published, Kind::published, Kind::seen, Kind::conflict}));
  EXPECT_EQ(kinds(again), kinds(once));
  for (std::size_t i = 0; i < batch.size(); ++i) {
    EXPECT_EQ(again.messages.at(i).number, once.messages.at(i).number);
    EXPECT_EQ(again.messages[i].epoch, once.messages[i].epoch);
  }
  const bool is_streams = GetParam() == BusAdapter::streams;
  EXPECT_THAT(received(0), SizeIs(is_streams ? 0 : 2));
  EXPECT_EQ(ask({"XLEN", "bus"}).integer, is_streams ? 2 : 0);
  EXPECT_EQ(publish(messages(1)).messages.at(0).number, once.messages[1].number + 1);
}

TEST_P(PublishScriptAdaptersTest, ABatchThatALaterOneHasOvertakenDoesNothing) {
  subscribe("c");
  const std::uint64_t last = publish(messages(1)).messages.at(0).number;
  batch_.number = 20;
  const std::uint64_t later = repeat(messages(1)).messages.at(0).number;
  batch_.number = 19;

  const PublishBatchResult overtaken = repeat({message("late", "nonce-late")});

  EXPECT_EQ(later, last + 1);
  EXPECT_THAT(overtaken.messages, IsEmpty());
  EXPECT_EQ(overtaken.epoch, "epoch1");
  batch_.uid = "node-2";  // whose batches are others
  const PublishBatchResult next = publish({message("late", "nonce-late")});
  EXPECT_EQ(kinds(next), Kinds{Kind::published});
  EXPECT_EQ(next.messages[0].number, later + 1);
}

TEST_P(PublishScriptAdaptersTest, ABatchThatBrokeMidwayIsNotRunAgain) {
  batch_.number = 7;
  ASSERT_TRUE(ask({"SET", "bus#relay:batch:node-1", "7 "}).is_ok());

  EXPECT_THAT(repeat(messages(2)).messages, IsEmpty());

  EXPECT_EQ(ask({"XLEN", "bus"}).integer, 0);
  EXPECT_EQ(ask({"EXISTS", "bus#relay:state"}).integer, 0);
}

// With one message less than it is told there are.
TEST_F(PublishScriptTest, AScriptThatBreaksMidwayLeavesItsBatchUnknownAndItsNumbersUnused) {
  const std::uint64_t last = publish(messages(1)).messages.at(0).number;
  const std::string text = publish_script_text(BusAdapter::pubsub, false);
  const RedisCommand broken{"EVAL",
                            text,
                            "2",
                            "bus#relay:state",
                            "bus#relay:batch:node-1",
                            "2",
                            "epoch1",
                            "run-1",
                            "",
                            "0",
                            "2",
                            "2",
                            "100",
                            "c",
                            "m"};

  EXPECT_THAT(ask(broken).text, StartsWith("broken "));

  EXPECT_THAT(publish(messages(2)).messages, IsEmpty());
  EXPECT_EQ(publish(messages(1)).messages.at(0).number, last + 3);
}

TEST_P(PublishScriptAdaptersTest, AKnownNonceIsSeenAndNotPublished) {
  const PublishBatchResult first = publish({message("one", all_bytes, all_bytes)});
  batch_.uid = "node-2";

  const PublishBatchResult second =
      publish({message("two", all_bytes, all_bytes), message("two", all_bytes, "x"), message("three")});

  EXPECT_EQ(kinds(second), (Kinds{Kind::seen, Kind::conflict, Kind::published}));
  EXPECT_EQ(second.messages.at(0).number, first.messages.at(0).number);
  EXPECT_EQ(second.messages[0].epoch, "epoch1");
  if (GetParam() == BusAdapter::streams) {
    const RedisReply entries = ask({"XRANGE", "bus", "-", "+"});
    EXPECT_EQ(second.messages[0].stream_id, entries.elements.at(0).elements.at(0).text);
  } else {
    EXPECT_THAT(second.messages[0].stream_id, IsEmpty());
  }
  EXPECT_EQ(second.messages[0].note, "of one");
  EXPECT_EQ(second.messages[2].number, first.messages[0].number + 1);
}

TEST_P(PublishScriptAdaptersTest, ANonceIsSeenWithinItsOwnBatchAndInItsOwnEpoch) {
  const PublishBatchResult first = publish({message("one", "nonce"), message("one", "nonce")});
  EXPECT_EQ(kinds(first), (Kinds{Kind::published, Kind::seen}));
  EXPECT_EQ(first.messages.at(1).number, first.messages.at(0).number);
  batch_.epoch_candidate = "epoch2";
  batch_.broken_epoch = "epoch1";

  const PublishBatchResult second = publish({message("one", "nonce")});

  EXPECT_EQ(second.epoch, "epoch2");
  EXPECT_EQ(second.messages.at(0).epoch, "epoch1");
}

TEST_P(PublishScriptAdaptersTest, NoncesAreForgottenAfterTheirLifetimeAndMakeRoom) {
  options_.nonces_max = 3;
  options_.nonce_lifetime = std::chrono::seconds(1);
  const Messages three{message("a", "a"), message("b", "b"), message("c", "c")};
  EXPECT_EQ(kinds(publish(three)), Kinds(3, Kind::published));
  const SteadyTime begin = clock_.steady();
  EXPECT_EQ(kinds(publish({message("d", "d"), message("a", "a"), message("e")})),
            (Kinds{Kind::full, Kind::seen, Kind::published}));

  ASSERT_TRUE(run_until([&] { return kinds(publish({message("d", "d")})) == Kinds{Kind::published}; }));

  EXPECT_GE(clock_.steady() - begin, std::chrono::milliseconds(900));
  EXPECT_LE(clock_.steady() - begin, std::chrono::milliseconds(1500));
  EXPECT_EQ(kinds(publish(three)), (Kinds{Kind::published, Kind::published, Kind::full}));
  ASSERT_TRUE(run_until([&] { return keys_count() <= 4; }));  // state, marker, stream; at most the book
}

TEST_P(PublishScriptAdaptersTest, CountsTheNoncesOfNodesWithAnotherLifetime) {
  options_.nonce_lifetime = std::chrono::seconds(100);
  publish({message("a", "a"), message("b", "b")});
  options_.nonce_lifetime = std::chrono::seconds(1);
  publish({message("c", "c")});

  EXPECT_EQ(ask({"HGET", "bus#relay:nonces", "total"}).text, "3");
  EXPECT_GT(ask({"PTTL", "bus#relay:nonces"}).integer, 90'000);
  ASSERT_TRUE(run_until([&] { return ask({"EXISTS", "bus#relay:nonce:c"}).integer == 0; }));
  ASSERT_TRUE(run_until([&] {
    publish({message("a", "a")});
    return ask({"HGET", "bus#relay:nonces", "total"}).text == "2";
  }));
}

TEST_P(PublishScriptAdaptersTest, EveryKeyButStateAndStreamExpires) {
  publish({message("a", "a"), message("b")});

  for (const RedisReply& key : ask({"KEYS", "*"}).elements) {
    const bool stays = key.text == "bus#relay:state" || key.text == "bus";
    EXPECT_EQ(ask({"PTTL", key.text}).integer == -1, stays) << key.text;
  }
}

TEST_P(PublishScriptAdaptersTest, AnEmptyServerBeginsANewEpochAboveTheOldOne) {
  const std::uint64_t old = publish(messages(1)).messages.at(0).number;
  ASSERT_TRUE(ask({"FLUSHALL"}).is_ok());
  batch_.epoch_candidate = "epoch2";
  batch_.numbers_above = old + 5'000'000'000;

  const PublishBatchResult result = publish(messages(2));

  EXPECT_EQ(result.epoch, "epoch2");
  EXPECT_EQ(result.messages.at(0).number, old + 5'000'000'001);
  EXPECT_EQ(result.messages.at(1).number, old + 5'000'000'002);
}

TEST_P(PublishScriptAdaptersTest, AnEpochEndsOnceWhenItIsSaidToBeBroken) {
  const std::uint64_t old = publish(messages(1)).messages.at(0).number;
  batch_.epoch_candidate = "epoch2";
  batch_.broken_epoch = "epoch1";
  EXPECT_EQ(publish({}).epoch, "epoch2");
  batch_.uid = "node-2";
  batch_.epoch_candidate = "epoch3";

  const PublishBatchResult result = publish(messages(1));

  EXPECT_EQ(result.epoch, "epoch2");
  EXPECT_GT(result.messages.at(0).number, old);
}

TEST_P(PublishScriptAdaptersTest, AnotherLifeOfTheServerEndsTheEpochOfAChannelAndNotThatOfAStream) {
  const std::uint64_t old = publish(messages(1)).messages.at(0).number;
  batch_.epoch_candidate = "epoch2";
  batch_.run = "run-2";

  const PublishBatchResult result = publish(messages(1));

  const bool is_streams = GetParam() == BusAdapter::streams;
  EXPECT_EQ(result.epoch, is_streams ? "epoch1" : "epoch2");
  EXPECT_GT(result.messages.at(0).number, old);
  batch_.run = "";
  batch_.epoch_candidate = "epoch3";
  EXPECT_EQ(publish(messages(1)).epoch, result.epoch);
}

TEST_P(PublishScriptAdaptersTest, AStateThatIsNoNumberBeginsANewEpoch) {
  for (const std::string_view number : {"nan", "inf", "0x10", "1e3", "-5", "", "99999999999999999999"}) {
    ask({"HSET", "bus#relay:state", "epoch", "epoch0", "number", number, "run", "run-1"});

    const PublishBatchResult result = publish(messages(1));

    EXPECT_EQ(result.epoch, "epoch1") << number;
    EXPECT_GT(result.messages.at(0).number, 1'700'000'000'000U * 1024) << number;
  }
}

TEST_P(PublishScriptAdaptersTest, NumbersAreExactUpToTheLastOneAndThenRefused) {
  constexpr std::uint64_t last = (std::uint64_t{1} << 53U) - 1;
  batch_.numbers_above = last - 2;
  const PublishBatchResult result = publish(messages(2));
  EXPECT_EQ(result.messages.at(0).number, last - 1);
  EXPECT_EQ(result.messages.at(1).number, last);

  const PublishBatchResult none = publish(messages(1));

  EXPECT_EQ(kinds(none), Kinds{Kind::refused});
  EXPECT_EQ(none.messages[0].error, "ERR there are no numbers left");
}

TEST_P(PublishScriptAdaptersTest, CarriesAFullBatchOfKibibytes) {
  subscribe("c");
  Messages batch;
  for (std::size_t i = 0; i < PublishScript::messages_max; ++i) {
    batch.push_back(message(std::string(1024, static_cast<char>(i)), "nonce " + std::to_string(i)));
  }

  const PublishBatchResult result = publish(batch);

  EXPECT_EQ(kinds(result), Kinds(PublishScript::messages_max, Kind::published));
  EXPECT_EQ(result.messages.back().number, result.messages.front().number + 255);
  EXPECT_THAT(received(0), SizeIs(GetParam() == BusAdapter::pubsub ? 256 : 0));
  EXPECT_EQ(kinds(publish(batch)), Kinds(PublishScript::messages_max, Kind::seen));
  EXPECT_EQ(ask({"HGET", "bus#relay:nonces", "total"}).text, "256");
}

// A batch of whatever becomes of its messages: as it is told, and told again, by whichever of the two texts.
TEST_P(PublishScriptAdaptersTest, TellsApartWhatBecameOfEachMessage) {
  options_.nonces_max = 2;
  publish({message("a", "a")});

  const Messages batch{message("1"), message("a", "a"), message("a", "a", "other"),
                       message("2"), message("b", "b"), message("c", "c"),
                       message("3")};
  const PublishBatchResult result = publish(batch);

  const Kinds expected{Kind::published, Kind::seen, Kind::conflict, Kind::published,
                       Kind::published, Kind::full, Kind::published};
  EXPECT_EQ(kinds(result), expected);
  EXPECT_EQ(kinds(repeat(batch)), expected);
  const std::uint64_t first = result.messages.at(0).number;
  EXPECT_EQ(result.messages.at(3).number, first + 1);
  EXPECT_EQ(result.messages.at(4).number, first + 2);
  EXPECT_EQ(result.messages.at(6).number, first + 3);
  EXPECT_EQ(publish(messages(1)).messages.at(0).number, first + 4);
}

std::string packed(const std::string& exceptions) {
  std::string told;
  append_msgpack_array(told, 4);
  append_msgpack_string(told, "e");
  append_msgpack_unsigned(told, 7);
  append_msgpack_unsigned(told, 9);
  return told + exceptions;
}
// A list of one exception: of that message, and what it is said to be.
std::string exception(std::uint64_t index, std::initializer_list<std::string_view> words) {
  std::string text;
  append_msgpack_array(text, 2);
  append_msgpack_unsigned(text, index);
  append_msgpack_array(text, words.size());
  for (const std::string_view word : words) append_msgpack_string(text, word);
  return packed(text);
}
std::expected<PublishBatchResult, std::string> parse(const std::string& text) {
  return PublishScript::parse({.kind = RedisReply::Kind::bulk, .text = text}, 1);
}

TEST(PublishScriptReply, WhatTheScriptDoesNotSayIsAnError) {
  const std::string none = packed("\x90");
  const std::string odd = packed("\x91\x01");
  const std::string no_verdict = packed("\x92\x01\x01");
  const std::vector<std::string> replies = {
      "",
      "done",
      "done ",
      "else " + none,
      "done " + none + "x",
      "done " + none.substr(0, none.size() - 1),
      "done " + packed("\xA0"),
      "done \x94\x01\x01\x01\x90",
      "done \x94\xA1"
      "e\xA1"
      "7\x01\x90",
      "done \x94\xA1"
      "e\x01\xA1"
      "7\x90",
      "done \x93\xA1"
      "e\x01\x01",
      "done " + odd,
      "done " + no_verdict,
      "done " + exception(0, {"full"}),
      "done " + exception(2, {"full"}),
      "done " + exception(1, {}),
      "done " + exception(1, {"else"}),
      "done " + exception(1, {"refused"}),
      "done " + exception(1, {"seen", "e"}),
      "done " + exception(1, {"seen", "e", "1", "", ""}),
  };

  for (std::size_t i = 0; i < replies.size(); ++i) EXPECT_FALSE(parse(replies[i]).has_value()) << i;
  EXPECT_FALSE(PublishScript::parse({}, 1).has_value());
  EXPECT_FALSE(PublishScript::parse({.kind = RedisReply::Kind::array}, 1).has_value());
}

TEST(PublishScriptReply, SaysWhatItSays) {
  const PublishBatchResult done = parse("done " + packed("\x90")).value();
  EXPECT_EQ(done.epoch, "e");
  EXPECT_EQ(done.epoch_start, 7U);
  EXPECT_FALSE(done.is_repeated);
  EXPECT_EQ(done.messages.at(0).kind, Kind::published);
  EXPECT_EQ(done.messages.at(0).number, 10U);
  const PublishBatchResult repeated = parse("repeated " + exception(1, {"refused", "two words"})).value();
  EXPECT_TRUE(repeated.is_repeated);
  EXPECT_EQ(repeated.messages.at(0).error, "two words");
  EXPECT_EQ(parse("refused  two words").value().messages.at(0).error, "two words");
  EXPECT_EQ(parse("refused e words").value().epoch, "e");
  EXPECT_EQ(parse("overtaken e").value().epoch, "e");
  EXPECT_THAT(parse("overtaken e").value().messages, IsEmpty());
  EXPECT_THAT(parse("broken and why").error(), HasSubstr("and why"));
}

}  // namespace
}  // namespace relay
