#include "cluster/bus_format.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace relay {
namespace {

BusEvent some_event() {
  return {.sender = "node-1",
          .namespace_name = "/chat",
          .rooms = {"a", "b"},
          .except = {"c"},
          .name = "hello",
          .arguments_json = R"({"n":1.0})",
          .number = 7};
}

// What the publish script and Redis make of a message with that number.
MessageRing::Raw as_received(BusAdapter adapter, BusMessage message, std::uint64_t number,
                             const std::string& stream_id) {
  if (adapter == BusAdapter::pubsub) {
    for (std::size_t i = 0; i < 8; ++i) {
      message.payload[message.payload.size() - 1 - i] = static_cast<char>(number >> (8 * i) & 0xffU);
    }
    return {message.channel, message.payload};
  }
  MessageRing::Raw raw{stream_id};
  for (const StreamField& field : message.fields) {
    raw.push_back(field.name);
    raw.push_back(field.value);
  }
  raw.emplace_back("p");
  raw.push_back(std::to_string(number));
  return raw;
}

class BusFormatTest : public ::testing::TestWithParam<BusAdapter> {
 protected:
  [[nodiscard]] MessageRing::Raw received(const BusFormat& format, const BusEvent& event) const {
    auto message = format.encode(event);
    EXPECT_TRUE(message.has_value());
    return as_received(GetParam(), std::move(*message), 300, "1795379647819-2");
  }
  [[nodiscard]] Position expected_position() const {
    return GetParam() == BusAdapter::pubsub ? 300 : (Position{1'795'379'647'819} << 22U) + 2;
  }

  const BusMac mac_{"some secret of a cluster"};
  const BusMac other_mac_{"the secret of another cluster"};
  const BusFormat format_{{.adapter = GetParam(), .mac = &mac_}};
};

TEST_P(BusFormatTest, ASignedMessageIsToldByItsMarkBeforeItIsRead) {
  const auto sent = format_.encode(some_event());
  ASSERT_TRUE(sent.has_value());
  const auto raw = as_received(GetParam(), *sent, 300, "1795379647819-2");

  const auto glance = format_.glance(raw);

  ASSERT_TRUE(glance.has_value());
  EXPECT_EQ(glance->mark, format_.mark_of(*sent));
  EXPECT_EQ(glance->number, 300U);
  EXPECT_EQ(glance->position, expected_position());
  BusEvent other = some_event();
  ++other.number;
  EXPECT_NE(format_.mark_of(*format_.encode(other)), glance->mark);
}

TEST_P(BusFormatTest, AMessageThatIsNotSignedHasNoMark) {
  const BusFormat mixed({.adapter = GetParam()});
  const auto sent = mixed.encode(some_event());
  ASSERT_TRUE(sent.has_value());

  EXPECT_EQ(mixed.mark_of(*sent), 0U);
  EXPECT_FALSE(format_.glance(as_received(GetParam(), *sent, 300, "1795379647819-2")).has_value());
  for (const MessageRing::Raw& raw :
       std::vector<MessageRing::Raw>{{}, {""}, {"1-0"}, {"1-0", "r"}, {"c", ""}}) {
    EXPECT_FALSE(format_.glance(raw).has_value());
  }
}

TEST_P(BusFormatTest, AnEventComesBackWithItsNumberAndItsPlace) {
  const auto message = format_.decode(received(format_, some_event()));

  ASSERT_TRUE(message.has_value());
  ASSERT_TRUE(message->has_value());
  BusEvent expected = some_event();
  expected.position = 300;
  EXPECT_EQ((*message)->event, expected);
  EXPECT_EQ((*message)->position, expected_position());
}

TEST_P(BusFormatTest, ThePublisherAndTheReaderMeanTheSamePlace) {
  EXPECT_EQ(format_.position_of(300, "1795379647819-2"), expected_position());
}

TEST_P(BusFormatTest, WhatIsNotSignedWithOurSecretIsRefused) {
  const BusFormat open({.adapter = GetParam()});
  const BusFormat other({.adapter = GetParam(), .mac = &other_mac_});
  EXPECT_EQ(format_.decode(received(open, some_event())).error(), RejectReason::unsigned_);
  EXPECT_EQ(format_.decode(received(other, some_event())).error(), RejectReason::bad_mac);
  EXPECT_TRUE(open.decode(received(format_, some_event())).has_value());
}

TEST_P(BusFormatTest, AMessageBelongsToItsPrefix) {
  const BusFormat other({.adapter = GetParam(), .key_prefix = "other", .mac = &mac_});
  EXPECT_FALSE(format_.decode(received(other, some_event())).has_value());
}

TEST_P(BusFormatTest, WhatHasNotItsPartsIsMalformed) {
  for (const MessageRing::Raw& raw : std::vector<MessageRing::Raw>{{},
                                                                   {""},
                                                                   {"1-"},
                                                                   {"1-0", "a"},
                                                                   {"1-0", "a", "b", "c"},
                                                                   {"no id", "data", "{}"},
                                                                   {"a", "b", "c"}}) {
    EXPECT_FALSE(format_.decode(raw).has_value()) << raw.size();
  }
  MessageRing::Raw cut = received(format_, some_event());
  cut.pop_back();
  EXPECT_EQ(format_.decode(cut).error(), RejectReason::malformed);
}

TEST_P(BusFormatTest, WhatNobodyCouldReadIsNotWritten) {
  BusEvent event = some_event();
  event.arguments_json = "{";
  EXPECT_EQ(format_.encode(event).error(), RejectReason::malformed);
  event.arguments_json = '"' + std::string(BusLimits().message_bytes_max, 'x') + '"';
  EXPECT_EQ(format_.encode(event).error(), RejectReason::too_large);
}

INSTANTIATE_TEST_SUITE_P(Adapters, BusFormatTest, ::testing::Values(BusAdapter::pubsub, BusAdapter::streams),
                         [](const auto& tested) {
                           return tested.param == BusAdapter::pubsub ? "pubsub" : "streams";
                         });

TEST(BusFormatNode, AMessageOfNodeHasNoPlaceInPubSubAndOneInAStream) {
  BusEvent event = some_event();
  event.number = 0;
  const BusFormat streams({.adapter = BusAdapter::streams});
  const auto message = streams.encode(event);
  ASSERT_TRUE(message.has_value());
  MessageRing::Raw raw{"5-1"};
  for (const char* const name : {"uid", "nsp", "type", "data"}) {
    for (const StreamField& field : message->fields) {
      if (field.name == name) raw.insert(raw.end(), {field.name, field.value});
    }
  }

  const auto decoded = streams.decode(raw);

  ASSERT_TRUE(decoded.has_value() && decoded->has_value());
  EXPECT_EQ((*decoded)->event.position, 0U);
  EXPECT_EQ((*decoded)->position, (Position{5} << 22U) + 1);
  EXPECT_EQ(BusFormat({.adapter = BusAdapter::pubsub}).position_of(3, "5-1"), 3U);
}

TEST(BusFormatNode, AnEntryThatIsNoBroadcastIsForNobody) {
  const BusFormat streams({.adapter = BusAdapter::streams});
  for (const char* const type : {"1", "2", "4", "9", "13"}) {
    const auto decoded = streams.decode({"5-1", "uid", "node", "nsp", "/", "type", type, "data", "{}"});
    ASSERT_TRUE(decoded.has_value()) << type;
    EXPECT_FALSE(decoded->has_value()) << type;
  }
  EXPECT_FALSE(streams.decode({"5-1", "uid", "node", "nsp", "/", "type", "3", "data", "{}"}).has_value())
      << "a broadcast needs a packet";
}

TEST(StreamIds, BecomePositionsInTheSameOrder) {
  const std::vector<std::string> ids{"0-0",
                                     "0-1",
                                     "0-4194303",
                                     "1-0",
                                     "1-1",
                                     "1795379647819-0",
                                     "1795379647819-1",
                                     "1795379647820-0",
                                     "4398046511103-4194303"};
  Position before = 0;
  for (const std::string& id : ids) {
    const auto position = position_of_stream_id(id);
    ASSERT_TRUE(position.has_value()) << id;
    EXPECT_EQ(stream_id_of_position(*position), id);
    EXPECT_TRUE(id == ids.front() || *position > before) << id;
    before = *position;
  }
  EXPECT_EQ(before, UINT64_MAX);
}

TEST(StreamIds, AMillisecondWithTooManyEntriesKeepsTheOrderOfTheOthers) {
  const auto crowded = position_of_stream_id("7-18446744073709551615");
  ASSERT_TRUE(crowded.has_value());
  EXPECT_EQ(crowded, position_of_stream_id("7-4194303"));
  EXPECT_LT(crowded, position_of_stream_id("8-0"));
}

TEST(StreamIds, AreNothingElse) {
  for (const std::string_view id :
       {"", "-", "1", "1-", "-1", "1-1-", "1-1-1", "a-1", "1-a", "1 -1", "+1-1", "-1-1", "0x1-1", "1-1 ",
        "4398046511104-0", "18446744073709551616-0", "1-18446744073709551616", "1.5-0"}) {
    EXPECT_FALSE(position_of_stream_id(id).has_value()) << id;
  }
}

}  // namespace
}  // namespace relay
