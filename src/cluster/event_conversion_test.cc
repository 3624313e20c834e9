#include "cluster/event_conversion.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "relay/event_encoder.h"

namespace relay {
namespace {

using Texts = std::vector<std::string>;

NewEvent published(const EventContent& content, const EventFormat& format) {
  EncodedEvent encoded = encode_event(content, format);
  return {.audience = {.namespace_name = "/", .rooms = {"a", "b"}, .except = {}},
          .packet = std::move(encoded.packet),
          .offset_at = encoded.offset_at};
}

TEST(EventConversion, TheFrameThatOthersMakeIsTheOneThatWasPublished) {
  struct Case {
    EventContent content;
    EventFormat format;
  };
  const EventContent plain{.type = "a.b", .payload_json = "1", .issued_at = "2020-02-29T23:59:59Z"};
  for (const Case& each : std::vector<Case>{
           {plain, {}},
           {plain, {.with_offset = false}},
           {plain, {.bare_payload = true}},
           {plain, {.fixed_name = "event", .with_offset = false}},
           {{.type = "quo\"te\\d", .payload_json = R"({"[":"]","\"":["\\"]})", .issued_at = "x"}, {}},
           {{.type = "größe", .payload_json = R"( [ 1.0 , 1e400 ] )", .issued_at = "x", .from = "ann"}, {}},
           {{.type = "a", .payload_json = R"("Q84z6u.00000000007")", .issued_at = ""},
            {.bare_payload = true}},
           {{.type = "a", .payload_json = R"("Q84z6u.00000000007")", .issued_at = ""},
            {.bare_payload = true, .with_offset = false}}}) {
    const NewEvent before = published(each.content, each.format);

    const BusEvent on_the_bus = to_bus_event(before);
    const NewEvent after = from_bus_event(on_the_bus, each.format.with_offset);

    EXPECT_EQ(after.packet->bytes, before.packet->bytes) << each.content.payload_json;
    EXPECT_EQ(after.packet->header_size, before.packet->header_size);
    EXPECT_EQ(after.offset_at, before.offset_at);
    EXPECT_EQ(after.audience.rooms, (Texts{"a", "b"}));
    EXPECT_TRUE(after.is_retained);
    EXPECT_TRUE(after.is_listed);
    EXPECT_FALSE(after.is_volatile);
    EXPECT_TRUE(after.attachments.empty());
  }
}

TEST(EventConversion, TheOffsetDoesNotTravel) {
  const EventContent content{.type = "a.b", .payload_json = "[1]", .issued_at = "x"};
  const BusEvent event = to_bus_event(published(content, {.bare_payload = true}));
  EXPECT_EQ(event.name, "a.b");
  EXPECT_EQ(event.arguments_json, "[1]");
  EXPECT_EQ(event.sender, "") << "whoever sends puts it in";
  EXPECT_EQ(event.number, 0U);
}

TEST(EventConversion, TheNodesMayDifferInWhetherTheyRecover) {
  const EventContent content{.type = "a", .payload_json = "1", .issued_at = ""};
  const EventFormat bare{.bare_payload = true};
  const NewEvent without = from_bus_event(to_bus_event(published(content, bare)), false);
  EXPECT_EQ(without.packet->payload(), R"(42["a",1])");
  EXPECT_EQ(without.offset_at, 0U);

  NewEvent with =
      from_bus_event(to_bus_event(published(content, {.bare_payload = true, .with_offset = false})), true);
  EXPECT_EQ(with.packet->payload(), R"(42["a",1,"..................")" + std::string("]"));
  EXPECT_EQ(with.packet->bytes.substr(with.offset_at, offset_length), std::string(offset_length, '.'));
}

TEST(EventConversion, AudienceAndVolatilityTravel) {
  NewEvent before = published({.type = "a", .payload_json = "1", .issued_at = ""}, {});
  before.audience.except = {"~AAsomebody-somebody"};
  before.is_volatile = true;
  before.is_listed = false;

  const BusEvent event = to_bus_event(before);
  const NewEvent after = from_bus_event(event, true);

  EXPECT_TRUE(event.is_volatile);
  EXPECT_FALSE(event.is_listed);
  EXPECT_EQ(after.audience.except, before.audience.except);
  EXPECT_TRUE(after.is_volatile);
  EXPECT_FALSE(after.is_listed) << "somebody was left out, who must not find it in the history";
}

TEST(EventConversion, AClientsEventIsListedAlthoughItsSenderIsLeftOut) {
  NewEvent before = published({.type = "a", .payload_json = "1", .issued_at = "", .from = "ann"}, {});
  before.audience.except = {"~AAsomebody-somebody"};
  before.is_listed = true;

  const BusEvent event = to_bus_event(before);

  EXPECT_TRUE(event.is_listed);
  EXPECT_TRUE(from_bus_event(event, true).is_listed);
}

TEST(EventConversion, TheFlagTravelsOnlyWhereItSaysSomething) {
  const BusEvent event = to_bus_event(published({.type = "a", .payload_json = "1", .issued_at = ""}, {}));
  EXPECT_FALSE(event.is_listed) << "all that leaves nobody out is listed anyway";
  EXPECT_TRUE(from_bus_event(event, true).is_listed);
}

TEST(EventConversion, OneOfTheRelaysOwnIsNeitherRetainedNorHasAnOffset) {
  const NewEvent before{.audience = {.rooms = {"a"}},
                        .packet = encode_notice("relay:presence", R"({"n":1})")};

  const BusEvent event = to_bus_event(before);
  const NewEvent after = from_bus_event(event, true);

  EXPECT_EQ(event.name, "relay:presence");
  EXPECT_EQ(after.packet->bytes, before.packet->bytes);
  EXPECT_EQ(after.offset_at, 0U);
  EXPECT_FALSE(after.is_retained);
  EXPECT_FALSE(after.is_listed);
}

TEST(EventConversion, AnEventOfNodeMayHaveNoArgumentsAndANamespace) {
  const NewEvent event =
      from_bus_event({.sender = "node", .namespace_name = "/chat", .name = "ping", .position = 9}, true);
  EXPECT_EQ(event.packet->payload(), R"(42/chat,["ping",".................."])");
  EXPECT_EQ(event.packet->bytes.substr(event.offset_at, offset_length), std::string(offset_length, '.'));
  EXPECT_EQ(event.audience.namespace_name, "/chat");
  EXPECT_TRUE(event.audience.rooms.empty());
  EXPECT_EQ(event.position, 9U);

  const NewEvent plain = from_bus_event({.name = "ping"}, false);
  EXPECT_EQ(plain.packet->payload(), R"(42["ping"])");
  EXPECT_EQ(to_bus_event(plain).arguments_json, "");
  EXPECT_EQ(to_bus_event(plain).name, "ping");
}

TEST(EventConversion, AttachmentsFollowThePacketAndComeBack) {
  const BusEvent before{.name = "file",
                        .arguments_json = R"({"_placeholder":true,"num":0},{"_placeholder":true,"num":1})",
                        .attachments = {std::string("\0\x01[", 3), ""}};

  const NewEvent event = from_bus_event(before, true);

  EXPECT_TRUE(event.packet->payload().starts_with(R"(452-["file",{"_placeholder")"));
  ASSERT_EQ(event.attachments.size(), 2U);
  EXPECT_EQ(event.attachments[0]->payload(), before.attachments[0]);
  EXPECT_EQ(event.attachments[0]->bytes.front(), '\x82') << "a binary frame";
  EXPECT_EQ(event.attachments[1]->payload(), "");
  const BusEvent after = to_bus_event(event);
  EXPECT_EQ(after.attachments, before.attachments);
  EXPECT_EQ(after.arguments_json, before.arguments_json);
  EXPECT_EQ(after.name, "file");
}

}  // namespace
}  // namespace relay
