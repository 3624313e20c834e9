#include "cluster/streams_codec.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace relay {
namespace {

std::vector<StreamFieldView> views(const std::vector<StreamField>& fields) {
  std::vector<StreamFieldView> result;
  for (const StreamField& field : fields) result.push_back({field.name, field.value});
  return result;
}

std::vector<StreamField> entry_of_node(std::string type, std::string data) {
  return {{"uid", "42aa6e5f26db7c9a"}, {"nsp", "/"}, {"type", std::move(type)}, {"data", std::move(data)}};
}

// Published by @socket.io/redis-streams-adapter 0.3.1.
struct Capture {
  const char* data;
  BusEvent event;
};

std::vector<Capture> captures() {
  return {
      {R"({"packet":{"type":2,"data":["hello",1]},"opts":{"rooms":[],"except":[],"flags":{}}})",
       {.sender = "42aa6e5f26db7c9a", .name = "hello", .arguments_json = "1"}},
      {"gqZwYWNrZXSCpHR5cGUCpGRhdGGSo2JpbsQDAQIDpG9wdHODpXJvb21zkKZleGNlcHSQpWZsYWdzgA==",
       {.sender = "42aa6e5f26db7c9a",
        .name = "bin",
        .arguments_json = R"({"_placeholder":true,"num":0})",
        .attachments = {"\x01\x02\x03"}}},
  };
}

BusEvent vote(std::string arguments_json) {
  return {.sender = "relay1",
          .namespace_name = "/chat",
          .rooms = {"r1", "r2"},
          .except = {"r3"},
          .is_volatile = true,
          .name = "vote",
          .arguments_json = std::move(arguments_json),
          .number = 7};
}

std::string reason(const std::expected<StreamMessage, RejectReason>& decoded) {
  return decoded ? "taken" : std::string(metric_word(decoded.error()));
}

std::string reason_of_data(std::string data) {
  return reason(StreamsCodec({}).decode(views(entry_of_node("3", std::move(data)))));
}

TEST(StreamsCodec, SendsWhatNodeSends) {
  const StreamsCodec codec({});
  for (const auto& [data, event] : captures()) {
    const auto entry = codec.encode(event);

    ASSERT_TRUE(entry) << data;
    const std::vector<StreamField> expected = entry_of_node("3", data);
    ASSERT_EQ(entry->fields.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(entry->fields[i].name, expected[i].name);
      EXPECT_EQ(entry->fields[i].value, expected[i].value);
    }
  }
}

TEST(StreamsCodec, ReadsWhatNodeSends) {
  const StreamsCodec codec({});
  for (const auto& [data, event] : captures()) {
    const auto message = codec.decode(views(entry_of_node("3", data)));

    ASSERT_TRUE(message) << data;
    EXPECT_EQ(message->type, StreamMessageType::broadcast);
    EXPECT_EQ(message->event, event);
  }
}

TEST(StreamsCodec, TellsOtherMessagesByTheirType) {
  const StreamsCodec codec({});
  const auto fields =
      entry_of_node("4", R"({"opts":{"rooms":["room1"],"except":[],"flags":{}},"rooms":["r9"]})");

  const auto message = codec.decode(views(fields));

  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, StreamMessageType::sockets_join);
  EXPECT_EQ(message->event, (BusEvent{.sender = "42aa6e5f26db7c9a"}));
  EXPECT_EQ(codec.decode(views(entry_of_node("13", ""))).value().type, StreamMessageType::adapter_close);
}

TEST(StreamsCodec, BringsEveryTextExactlyToOtherRelays) {
  const BusMac mac("secret");
  const StreamsCodec relays({.mac = &mac});
  const StreamsCodec mixed({});
  const std::string nested = std::string(bus_json_depth_max, '[') + std::string(bus_json_depth_max, ']');
  const std::string texts[] = {"",      "1.0",         "9007199254740993",
                               "1e400", "-0",          R"({"a":1,"a":2})",
                               nested,  R"("\ud800")", R"({ "b" : 1 }, [ 2 ])"};
  for (const std::string& text : texts) {
    const BusEvent event = vote(text);
    for (const StreamsCodec* codec : {&relays, &mixed}) {
      const auto entry = codec->encode(event);
      ASSERT_TRUE(entry) << text;
      const auto message = codec->decode(views(entry->fields));
      ASSERT_TRUE(message) << text;
      EXPECT_EQ(message->event, event);
    }
  }
}

TEST(StreamsCodec, BringsAttachments) {
  const BusMac mac("secret");
  const StreamsCodec codec({.mac = &mac});
  BusEvent event = vote(R"([{"_placeholder":true,"num":0}],{"x":{"_placeholder":true,"num":1}})");
  event.attachments = {std::string("\0\xFF", 2), ""};

  const auto entry = codec.encode(event).value();

  const auto message = codec.decode(views(entry.fields));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->event, event);
}

TEST(StreamsCodec, RefusesASignedEntryWithAnyByteChanged) {
  const BusMac mac("secret");
  const StreamsCodec codec({.mac = &mac});
  const auto entry = codec.encode(vote("1.0")).value();
  ASSERT_EQ(reason(codec.decode(views(entry.fields))), "taken");

  for (std::size_t field = 0; field < entry.fields.size(); ++field) {
    for (std::size_t i = 0; i < entry.fields[field].value.size(); ++i) {
      auto changed = entry.fields;
      changed[field].value[i] = static_cast<char>(changed[field].value[i] ^ 1);
      EXPECT_NE(reason(codec.decode(views(changed))), "taken") << entry.fields[field].name << i;
    }
    auto without = entry.fields;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(field));
    EXPECT_NE(reason(codec.decode(views(without))), "taken") << entry.fields[field].name;
  }
}

TEST(StreamsCodec, TellsWhyItTakesNothingUnsigned) {
  const BusMac mac("secret");
  const StreamsCodec codec({.mac = &mac});
  const auto entry = codec.encode(vote("1")).value();

  EXPECT_EQ(reason(codec.decode(views(StreamsCodec({}).encode(vote("1")).value().fields))), "unsigned");
  EXPECT_EQ(reason(codec.decode(views(entry_of_node("3", captures().front().data)))), "unsigned");
  EXPECT_EQ(reason(StreamsCodec({.stream = "other", .mac = &mac}).decode(views(entry.fields))), "bad_mac");
}

std::string stream_version_reason(const StreamsCodec& codec, std::string version) {
  auto fields = StreamsCodec({}).encode(vote("1")).value().fields;
  fields[4].value = std::move(version) + " 7 -";
  return reason(codec.decode(views(fields)));
}

TEST(StreamsCodec, ReadsTheVersionBeforeAndBehindItsOwn) {
  const BusMac mac("secret");
  struct Case {
    std::string version;
    const char* mixed;
    const char* signed_only;
  };
  const Case cases[] = {
      {std::to_string(bus_version - 1), "taken", "unsigned"},
      {std::to_string(bus_version), "taken", "unsigned"},
      {std::to_string(bus_version + 1), "taken", "unsigned"},
      {std::to_string(bus_version + 2), "foreign_version", "foreign_version"},
      {"18446744073709551615", "foreign_version", "foreign_version"},
      {"x", "foreign_version", "foreign_version"},
  };
  for (const auto& [version, mixed, signed_only] : cases) {
    EXPECT_EQ(stream_version_reason(StreamsCodec({}), version), mixed) << version;
    EXPECT_EQ(stream_version_reason(StreamsCodec({.mac = &mac}), version), signed_only) << version;
  }
}

TEST(StreamsCodec, PassesOverFieldsOfTheNextVersionIfTheMacCoversThem) {
  const BusMac mac("secret");
  const StreamsCodec codec({.mac = &mac});
  auto fields = StreamsCodec({}).encode(vote("1")).value().fields;
  fields.pop_back();
  fields.push_back({"new", "something"});
  const std::string own = std::to_string(bus_version + 1) + " 7 new-word";
  std::vector<std::string_view> parts = {"streams", "socket.io", own};
  for (const StreamField& field : fields) parts.insert(parts.end(), {field.name, field.value});
  const BusMac::Mac signature = mac.sign(parts);
  std::string signature_text;
  append_base64url(signature_text, {signature.data(), signature.size()});
  fields.push_back({"r", own + ' ' + signature_text});

  const auto message = codec.decode(views(fields));

  ASSERT_TRUE(message);
  EXPECT_EQ(message->event, vote("1"));
  fields.back().value = std::to_string(bus_version + 1) + " 7 " + signature_text;
  EXPECT_EQ(reason(codec.decode(views(fields))), "bad_mac");
  fields.back().value = own + ' ' + signature_text;
  fields[4].value = "something else";
  EXPECT_EQ(reason(codec.decode(views(fields))), "bad_mac");
  fields.erase(fields.begin() + 4);
  EXPECT_EQ(reason(codec.decode(views(fields))), "bad_mac");
}

// What the script does that gives the numbers.
TEST(StreamsCodec, TakesTheBusNumberThatIsPutBehindTheFields) {
  const BusMac mac("secret");
  const StreamsCodec codec({.mac = &mac});
  auto fields = codec.encode(vote("1")).value().fields;
  EXPECT_EQ(codec.decode(views(fields)).value().event.position, 0U);

  fields.push_back({"p", "9007199254740992"});

  const auto message = codec.decode(views(fields));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->event.position, std::uint64_t{1} << 53);
  for (const char* const wrong : {"", "9007199254740993", "99999999999999999999", "-1", "1.5", "1 ", "x"}) {
    fields.back().value = wrong;
    EXPECT_EQ(reason(codec.decode(views(fields))), "malformed") << wrong;
  }
}

TEST(StreamsCodec, RefusesWhatIsNoFieldOfARelay) {
  auto fields = StreamsCodec({}).encode(vote("1")).value().fields;
  for (const char* const wrong :
       {"1", "1 ", "1 7", "1 -", "1 x -", "1  -", "1 -7 -", "1 18446744073709551616 -"}) {
    fields.back().value = wrong;
    EXPECT_NE(reason(StreamsCodec({}).decode(views(fields))), "taken") << wrong;
  }
}

TEST(StreamsCodec, RefusesWhatIsMalformed) {
  const StreamsCodec codec({});
  const std::string good = captures().front().data;

  EXPECT_EQ(reason(codec.decode({})), "malformed");
  for (const char* const type : {"", "0", "14", "300", "-1", "3x", "03 "}) {
    EXPECT_EQ(reason(codec.decode(views(entry_of_node(type, good)))), "malformed") << type;
  }
  const char* const cases[] = {
      "",
      "{",
      "{}",
      "*",
      "gg==",
      R"({"packet":[],"opts":{"rooms":[]}})",
      R"({"packet":{"type":3,"data":["a"]},"opts":{"rooms":[]}})",
      R"({"packet":{"type":2,"data":[]},"opts":{"rooms":[]}})",
      R"({"packet":{"type":2,"data":[null]},"opts":{"rooms":[]}})",
      R"({"packet":{"type":2,"data":["\ud800"]},"opts":{"rooms":[]}})",
      R"({"packet":{"type":2,"data":["a"]},"opts":{}})",
      R"({"packet":{"type":2,"data":["a"]},"opts":{"rooms":{}}})",
      R"({"packet":{"type":2,"data":["a"]},"opts":{"rooms":[1.5]}})",
      R"({"packet":{"type":2,"data":["a"]},"opts":{"rooms":[],"flags":[]}})",
      "{\"packet\":{\"type\":2,\"data\":[\"\xFF\"]},\"opts\":{\"rooms\":[]}}",
  };
  for (const char* const data : cases) EXPECT_EQ(reason_of_data(data), "malformed") << data;
}

TEST(StreamsCodec, RefusesWhatIsTooMuch) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  const StreamsCodec small({.limits = {.message_bytes_max = 150, .rooms_max = 1}});

  EXPECT_EQ(reason_of_data(R"({"packet":{"type":2,"data":["a",)" + deep + R"(]},"opts":{"rooms":[]}})"),
            "too_large");
  EXPECT_EQ(reason(small.decode(views(StreamsCodec({}).encode(vote("1")).value().fields))), "too_large");
  EXPECT_EQ(small.encode(vote("1")).error(), RejectReason::too_large);
  BusEvent one_room = vote('"' + std::string(100, 'x') + '"');
  one_room.rooms = {"r1"};
  EXPECT_EQ(small.encode(one_room).error(), RejectReason::too_large);
}

TEST(StreamsCodec, ReadsKeysInAnyOrderAndRoomsThatAreNumbers) {
  const StreamsCodec codec({});
  const auto fields = entry_of_node(
      "3",
      R"({"opts":{"flags":{"volatile":true},"rooms":[1,"b"]},"x":0,"packet":{"data":["a", 1 , {} ],"type":2}})");

  const auto message = codec.decode(views(fields));

  ASSERT_TRUE(message);
  EXPECT_EQ(message->event, (BusEvent{.sender = "42aa6e5f26db7c9a",
                                      .rooms = {"1", "b"},
                                      .is_volatile = true,
                                      .name = "a",
                                      .arguments_json = "1 , {}"}));
}

}  // namespace
}  // namespace relay
