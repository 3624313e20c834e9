#include "cluster/classic_codec.h"

#include <ostream>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/hex_bytes.h"

namespace relay {

void PrintTo(const BusEvent& event, std::ostream* out) {
  *out << event.sender << ' ' << event.namespace_name << ' ' << event.name << '(' << event.arguments_json
       << ") attachments " << event.attachments.size() << " number " << event.number << " position "
       << event.position;
}

namespace {

// Published by @socket.io/redis-adapter 8.3.0 and @socket.io/redis-emitter 5.1.0.
struct Capture {
  const char* channel;
  const char* hex;
  BusEvent event;
};

// In the form in which we send, too.
std::vector<Capture> adapter_captures() {
  return {
      {"socket.io#/#",
       "93a64e66745a326683a47479706502a46461746194a568656c6c6f01a13281a13391c3a36e7370a12f83a5726f6f6d7390a66"
       "578"
       "6365707490a5666c61677380",
       {.sender = "NftZ2f", .name = "hello", .arguments_json = R"(1,"2",{"3":[true]})"}},
      {"socket.io#/#room1#",
       "93a64e66745a326683a47479706502a46461746191a568656c6c6fa36e7370a12f83a5726f6f6d7391a5726f6f6d31a665786"
       "365"
       "707490a5666c61677380",
       {.sender = "NftZ2f", .rooms = {"room1"}, .name = "hello"}},
      {"socket.io#/#",
       "93a64e66745a326683a47479706502a46461746191a568656c6c6fa36e7370a12f83a5726f6f6d7392a5726f6f6d31a5726f6"
       "f6d"
       "32a665786365707491a5726f6f6d33a5666c61677380",
       {.sender = "NftZ2f", .rooms = {"room1", "room2"}, .except = {"room3"}, .name = "hello"}},
      {"socket.io#/#",
       "93a64e66745a326683a47479706502a46461746192a766726f6d2d626301a36e7370a12f83a5726f6f6d7390a665786365707"
       "491"
       "b45336674d57516e4a496b516c5870324d41414141a5666c61677380",
       {.sender = "NftZ2f", .except = {"S6gMWQnJIkQlXp2MAAAA"}, .name = "from-bc", .arguments_json = "1"}},
      {"socket.io#/custom#room1#",
       "93a6354f7a554a7683a47479706502a46461746191a568656c6c6fa36e7370a72f637573746f6d83a5726f6f6d7391a5726f6"
       "f6d"
       "31a665786365707490a5666c61677380",
       {.sender = "5OzUJv", .namespace_name = "/custom", .rooms = {"room1"}, .name = "hello"}},
      {"socket.io#/#",
       "93a64e66745a326683a47479706502a46461746193a362696ec40301020381a178c40104a36e7370a12f83a5726f6f6d7390a"
       "665"
       "786365707490a5666c61677380",
       {.sender = "NftZ2f",
        .name = "bin",
        .arguments_json = R"({"_placeholder":true,"num":0},{"x":{"_placeholder":true,"num":1}})",
        .attachments = {"\x01\x02\x03", "\x04"}}},
  };
}

// In forms that we read only: flags that we do not send, a Date, other orders of the keys.
std::vector<Capture> foreign_captures() {
  return {
      {"socket.io#/#",
       "93a64e66745a326683a47479706502a46461746191a568656c6c6fa36e7370a12f83a5726f6f6d7390a665786365707490a56"
       "66c"
       "61677382a8766f6c6174696c65c3a8636f6d7072657373c2",
       {.sender = "NftZ2f", .is_volatile = true, .name = "hello"}},
      {"socket.io#/#",
       "93a64e66745a326683a47479706502a4646174619ca174ffccc8ce00011170cf000000012a05f200cb3ff8000000000000c0c"
       "0c2"
       "d6ff00000000d92878787878787878787878787878787878787878787878787878787878787878787878787878787878a9c3a"
       "9e2"
       "82acf09f9880a36e7370a12f83a5726f6f6d7390a665786365707490a5666c61677380",
       {.sender = "NftZ2f",
        .name = "t",
        .arguments_json = "-1,200,70000,5000000000,1.5,null,null,false,\"1970-01-01T00:00:00.000Z\","
                          "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\"é€😀\""}},
      {"socket.io#/#",
       "93a7656d697474657283a47479706502a46461746192a568656c6c6f01a36e7370a12f83a5726f6f6d7390a5666c61677380a"
       "665"
       "786365707490",
       {.sender = "emitter", .name = "hello", .arguments_json = "1"}},
      {"socket.io#/#room1#",
       "93a7656d697474657283a47479706502a46461746192a568656c6c6f01a36e7370a12f83a5726f6f6d7391a5726f6f6d31a56"
       "66c"
       "61677380a665786365707490",
       {.sender = "emitter", .rooms = {"room1"}, .name = "hello", .arguments_json = "1"}},
      {"socket.io#/#",
       "93a7656d697474657283a47479706502a46461746192a568656c6c6fc40101a36e7370a12f83a5726f6f6d7392a161a162a56"
       "66c"
       "61677382a8766f6c6174696c65c3a8636f6d7072657373c2a665786365707491a163",
       {.sender = "emitter",
        .rooms = {"a", "b"},
        .except = {"c"},
        .is_volatile = true,
        .name = "hello",
        .arguments_json = R"({"_placeholder":true,"num":0})",
        .attachments = {"\x01"}}},
  };
}

constexpr std::string_view main_channel = "socket.io#/#";

BusEvent vote(std::string arguments_json) {
  return {.sender = "relay1",
          .rooms = {"r1"},
          .name = "vote",
          .arguments_json = std::move(arguments_json),
          .number = 7};
}

std::string reason(const std::expected<BusEvent, RejectReason>& decoded) {
  return decoded ? "taken" : std::string(metric_word(decoded.error()));
}

TEST(ClassicCodec, SendsWhatNodeSends) {
  const ClassicCodec codec({});
  for (const auto& [channel, hex, event] : adapter_captures()) {
    const auto message = codec.encode(event);

    ASSERT_TRUE(message) << hex;
    EXPECT_EQ(message->channel, channel);
    EXPECT_EQ(to_hex(message->payload), hex);
  }
}

TEST(ClassicCodec, ReadsWhatNodeAndTheEmitterSend) {
  const ClassicCodec codec({});
  std::vector<Capture> captures = adapter_captures();
  for (Capture& capture : foreign_captures()) captures.push_back(std::move(capture));
  for (const auto& [channel, hex, event] : captures) {
    const auto read = codec.decode(channel, from_hex(hex));

    ASSERT_TRUE(read) << hex;
    EXPECT_EQ(*read, event) << hex;
  }
}

TEST(ClassicCodec, WritesTheVolatileFlagAsNodeDoes) {
  const ClassicCodec codec({});

  const auto message = codec.encode({.sender = "NftZ2f", .is_volatile = true, .name = "hello"});

  EXPECT_EQ(
      to_hex(message.value().payload),
      "93a64e66745a326683a47479706502a46461746191a568656c6c6fa36e7370a12f83a5726f6f6d7390a66578636570749"
      "0a5666c61677381a8766f6c6174696c65c3");
}

TEST(ClassicCodec, ReadsRoomsThatAreNumbersAndLacksOfNodes) {
  const ClassicCodec codec({});
  // No nsp, no flags, except missing; rooms 5 and -1; the name is 7.
  const std::string payload = from_hex(
      "93a16182a464617461910"
      "7a47479706502"
      "81a5726f6f6d739205ff");

  const auto read = codec.decode(main_channel, payload);

  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (BusEvent{.sender = "a", .rooms = {"5", "-1"}, .name = "7"}));
}

TEST(ClassicCodec, BringsEveryTextExactlyToOtherRelays) {
  const BusMac mac("secret");
  const ClassicCodec relays({.mac = &mac, .has_positions = true});
  const ClassicCodec mixed({});
  const std::string nested = std::string(bus_json_depth_max, '[') + std::string(bus_json_depth_max, ']');
  const std::string texts[] = {
      "",
      "1",
      "1.0",
      "9007199254740993",
      "1e400",
      "-0",
      R"({"a":1,"a":2})",
      R"("\ud800")",
      R"("\u0041\/")",
      R"({ "b" : [ 1 , 2 ] , "1" : null }, 2)",
      R"({"type":"vote","payload":{"n":12345678901234567890123},"issuedAt":"2026-01-01T00:00:00.000Z"})",
      R"({"_placeholder":true,"num":0})",
      nested,
      '"' + std::string(70'000, 'x') + '"',
  };
  for (const std::string& text : texts) {
    const BusEvent event = vote(text);
    for (const ClassicCodec* codec : {&relays, &mixed}) {
      const auto message = codec->encode(event);
      ASSERT_TRUE(message) << text;
      const auto read = codec->decode(message->channel, message->payload);
      ASSERT_TRUE(read) << text;
      EXPECT_EQ(*read, event);
    }
  }
}

TEST(ClassicCodec, WritesTheTextOnlyIfItWouldChange) {
  const ClassicCodec codec({});

  EXPECT_EQ(codec.encode(vote(R"({"a":[1,"é"]})")).value().payload.find("\xA1t"), std::string::npos);
  EXPECT_NE(codec.encode(vote("1.0"))
                .value()
                .payload.find("\xA1t\xA3"
                              "1.0"),
            std::string::npos);
}

TEST(ClassicCodec, SaysWhatNodeServersWouldNotGetExactly) {
  const ClassicCodec codec({});

  EXPECT_TRUE(codec.encode(vote("1.0,9007199254740993")).value().fidelity.numbers_exact);
  EXPECT_FALSE(codec.encode(vote("[1e400]")).value().fidelity.numbers_exact);
  EXPECT_FALSE(codec.encode(vote(R"("\ud800")")).value().fidelity.strings_exact);
}

// What the script does that gives positions.
TEST(ClassicCodec, HasThePositionInItsLastBytes) {
  const BusMac mac("secret");
  const ClassicCodec codec({.mac = &mac, .has_positions = true});
  auto message = codec.encode(vote("1")).value();
  std::string& payload = message.payload;
  EXPECT_TRUE(payload.ends_with(std::string_view("\xA1p\xCF\0\0\0\0\0\0\0\0", 11)));

  payload.resize(payload.size() - ClassicCodec::position_bytes);
  payload += std::string_view("\0\0\0\0\0\x01\x02\x03", 8);

  const auto read = codec.decode(message.channel, payload);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->position, 0x010203U);
  EXPECT_EQ(read->number, 7U);
}

TEST(ClassicCodec, RefusesASignedMessageWithAnyByteChanged) {
  const BusMac mac("secret");
  const ClassicCodec codec({.mac = &mac});
  const auto message = codec.encode(vote("1.0")).value();
  ASSERT_EQ(reason(codec.decode(message.channel, message.payload)), "taken");

  for (std::size_t i = 0; i < message.payload.size() - ClassicCodec::position_bytes; ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = message.payload;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << bit));
      EXPECT_NE(reason(codec.decode(message.channel, changed)), "taken") << i;
    }
  }
  for (std::size_t size = 0; size < message.payload.size(); ++size) {
    EXPECT_NE(reason(codec.decode(message.channel, message.payload.substr(0, size))), "taken");
  }
  EXPECT_NE(reason(codec.decode(message.channel, message.payload + '\0')), "taken");
}

TEST(ClassicCodec, RefusesASignedMessageOnAnotherChannel) {
  const BusMac mac("secret");
  const ClassicCodec codec({.mac = &mac});
  const auto message = codec.encode(vote("1")).value();

  EXPECT_EQ(message.channel, "socket.io#/#r1#");
  EXPECT_EQ(reason(codec.decode("socket.io#/#r2#", message.payload)), "bad_mac");
  EXPECT_EQ(reason(codec.decode("socket.io#/#", message.payload)), "bad_mac");
  EXPECT_EQ(reason(codec.decode("other#/#r1#", message.payload)), "bad_mac");
}

TEST(ClassicCodec, TellsWhyItTakesNothingUnsigned) {
  const BusMac mac("secret");
  const BusMac other_mac("another secret");
  const ClassicCodec codec({.mac = &mac});
  const auto encoded_by = [](const ClassicCodec& sender) { return sender.encode(vote("1")).value().payload; };
  const std::string channel = "socket.io#/#r1#";

  for (const auto& [capture_channel, hex, event] : adapter_captures()) {
    EXPECT_EQ(reason(codec.decode(capture_channel, from_hex(hex))), "unsigned");
  }
  EXPECT_EQ(reason(codec.decode(channel, encoded_by(ClassicCodec({})))), "unsigned");
  EXPECT_EQ(reason(codec.decode(channel, encoded_by(ClassicCodec({.mac = &other_mac})))), "bad_mac");
  EXPECT_EQ(reason(codec.decode(channel, "")), "malformed");
  EXPECT_EQ(reason(codec.decode(channel, "nonsense")), "malformed");
}

std::string with_version(std::string payload, std::uint64_t version) {
  const std::string changed = "\xA1v" + std::string(1, static_cast<char>(version));
  return payload.replace(payload.find("\xA1v\x01"), 3, changed);
}

TEST(ClassicCodec, ReadsTheVersionBeforeAndBehindItsOwn) {
  const BusMac mac("secret");
  const std::string payload = ClassicCodec({}).encode(vote("1")).value().payload;
  struct Case {
    std::uint64_t version;
    const char* mixed;
    const char* signed_only;
  };
  const Case cases[] = {
      {bus_version - 1, "taken", "unsigned"},       {bus_version, "taken", "unsigned"},
      {bus_version + 1, "taken", "unsigned"},       {bus_version + 2, "foreign_version", "foreign_version"},
      {0x7F, "foreign_version", "foreign_version"},
  };
  for (const auto& [version, mixed, signed_only] : cases) {
    const std::string changed = with_version(payload, version);
    EXPECT_EQ(reason(ClassicCodec({}).decode("socket.io#/#r1#", changed)), mixed) << version;
    EXPECT_EQ(reason(ClassicCodec({.mac = &mac}).decode("socket.io#/#r1#", changed)), signed_only) << version;
  }
}

TEST(ClassicCodec, PassesOverKeysOfTheNextVersionIfTheMacCoversThem) {
  const BusMac mac("secret");
  const ClassicCodec codec({.mac = &mac});
  const std::string channel = "socket.io#/#r1#";
  std::string payload = codec.encode(vote("1")).value().payload;
  constexpr std::size_t signed_end_size = 4 + 16 + 11;
  payload.resize(payload.size() - signed_end_size);
  const std::size_t own_element = payload.find("\x84\xA1v");
  payload.replace(own_element, 4, "\x85\xA1v\x02");
  payload += "\xA1x\xA3new";
  const std::string_view parts[] = {"classic", channel, payload};
  const BusMac::Mac signature = mac.sign(parts);
  payload += "\xA1m\xC4\x10" + std::string(signature.data(), signature.size());
  payload += std::string_view("\xA1p\xCF\0\0\0\0\0\0\0\x09", 11);

  const auto event = codec.decode(channel, payload);

  ASSERT_TRUE(event);
  EXPECT_EQ(event->arguments_json, "1");
  EXPECT_EQ(event->position, 9U);
  payload[payload.find("new")] = 'N';
  EXPECT_EQ(reason(codec.decode(channel, payload)), "bad_mac");
}

TEST(BusVersion, MayDifferByOne) {
  EXPECT_TRUE(is_readable_version(bus_version - 1));
  EXPECT_TRUE(is_readable_version(bus_version));
  EXPECT_TRUE(is_readable_version(bus_version + 1));
  EXPECT_FALSE(is_readable_version(bus_version + 2));
  EXPECT_FALSE(is_readable_version(~std::uint64_t{0}));
}

TEST(ClassicCodec, RefusesWhatIsMalformed) {
  const ClassicCodec codec({});
  struct Case {
    const char* what;
    const char* hex;
  };
  const Case cases[] = {
      {"no array", "80"},
      {"an empty array", "90"},
      {"a sender that is no string",
       "9301"
       "82a47479706502a46461746191a161"
       "81a5726f6f6d7390"},
      {"a packet that is no map",
       "93a161"
       "90"
       "81a5726f6f6d7390"},
      {"another type of packet",
       "93a161"
       "82a47479706503a46461746191a161"
       "81a5726f6f6d7390"},
      {"no type",
       "93a161"
       "81a46461746191a161"
       "81a5726f6f6d7390"},
      {"no data",
       "93a161"
       "81a47479706502"
       "81a5726f6f6d7390"},
      {"no name",
       "93a161"
       "82a47479706502a46461746190"
       "81a5726f6f6d7390"},
      {"a name that is no text",
       "93a161"
       "82a47479706502a4646174619190"
       "81a5726f6f6d7390"},
      {"no options",
       "92a161"
       "82a47479706502a46461746191a161"},
      {"no rooms",
       "93a161"
       "82a47479706502a46461746191a161"
       "80"},
      {"rooms that are no list",
       "93a161"
       "82a47479706502a46461746191a161"
       "81a5726f6f6d73a161"},
      {"a room that is no text",
       "93a161"
       "82a47479706502a46461746191a161"
       "81a5726f6f6d7391c0"},
      {"a namespace that is no text",
       "93a161"
       "83a47479706502a46461746191a161a36e737001"
       "81a5726f6f6d7390"},
      {"another namespace than the channel's",
       "93a161"
       "83a47479706502a46461746191a161a36e7370a22f78"
       "81a5726f6f6d7390"},
      {"a fourth element that is no map",
       "94a161"
       "82a47479706502a46461746191a161"
       "81a5726f6f6d7390"
       "01"},
      {"a text that is no JSON",
       "94a161"
       "82a47479706502a46461746191a161"
       "81a5726f6f6d7390"
       "84a17601a16e01a17000a174a35d2c5b"},
      {"a text that closes the packet",
       "94a161"
       "82a47479706502a46461746191a161"
       "81a5726f6f6d7390"
       "84a17601a16e01a17000a174a5315d2c5b32"},
      {"a text of blanks",
       "94a161"
       "82a47479706502a46461746191a161"
       "81a5726f6f6d7390"
       "84a17601a16e01a17000a174a120"},
      {"a false placeholder beside an attachment",
       "93a161"
       "82a47479706502a46461746193a161c40101"
       "82ac5f706c616365686f6c646572c3a36e756d05"
       "81a5726f6f6d7390"},
  };
  for (const auto& [what, hex] : cases) {
    EXPECT_EQ(reason(codec.decode(main_channel, from_hex(hex))), "malformed") << what;
  }
}

TEST(ClassicCodec, HasTheSameLimitsAtBothEnds) {
  const ClassicCodec small({.limits = {.message_bytes_max = 200, .rooms_max = 2, .attachments_max = 1}});
  const ClassicCodec large({});
  BusEvent long_event = vote('"' + std::string(200, 'x') + '"');
  BusEvent wide_event = vote("1");
  wide_event.rooms = {"a", "b", "c"};
  BusEvent binary_event = vote(R"({"_placeholder":true,"num":0},{"_placeholder":true,"num":1})");
  binary_event.attachments = {"a", "b"};
  BusEvent strange_event = vote("1");
  strange_event.sender.assign(bus_sender_bytes_max + 1, 's');

  for (const BusEvent& event : {long_event, wide_event, binary_event}) {
    EXPECT_EQ(small.encode(event).error(), RejectReason::too_large);
    const auto message = large.encode(event).value();
    EXPECT_EQ(reason(small.decode(message.channel, message.payload)), "too_large");
  }
  EXPECT_EQ(large.encode(strange_event).error(), RejectReason::too_large);
  EXPECT_TRUE(small.encode(vote("1")));
}

TEST(ClassicCodec, RefusesToSendWhatIsNoJson) {
  const ClassicCodec codec({});

  for (const char* const text : {" ", "1,", "1],[2", "{", ",1"}) {
    EXPECT_EQ(codec.encode(vote(text)).error(), RejectReason::malformed) << text;
  }
}

TEST(ClassicCodec, KnowsTheRoomOfAChannel) {
  const ClassicCodec codec({.key_prefix = "key"});

  EXPECT_EQ(codec.room_of("key#/#", "/"), "");
  EXPECT_EQ(codec.room_of("key#/chat#a#b#", "/chat"), "a#b");
  EXPECT_EQ(codec.room_of("key#/chat#a", "/chat"), std::nullopt);
  EXPECT_EQ(codec.room_of("key#/chats#", "/chat"), std::nullopt);
  EXPECT_EQ(codec.room_of("socket.io#/#", "/"), std::nullopt);
  EXPECT_EQ(codec.room_of("", "/"), std::nullopt);
}

}  // namespace
}  // namespace relay
