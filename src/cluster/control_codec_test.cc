#include "cluster/control_codec.h"

#include <gtest/gtest.h>

#include "cluster/hex_bytes.h"
#include "cluster/msgpack_writer.h"

namespace relay {
namespace {

ControlMessage heartbeat() {
  return {.sender = "relay1", .number = 7, .kind = "heartbeat", .body = R"({"name":"a"})"};
}

std::string reason(const std::expected<ControlMessage, RejectReason>& decoded) {
  return decoded ? "taken" : std::string(metric_word(decoded.error()));
}

class ControlCodecTest : public testing::Test {
 protected:
  // What a node that knows the secret could send: `content` with a good MAC behind it.
  [[nodiscard]] std::string signed_payload(const std::string& content) const {
    const std::string_view parts[] = {"control", codec_.channel_of_all(), content};
    const BusMac::Mac mac = mac_.sign(parts);
    return content + "\xC4\x10" + std::string(mac.data(), mac.size());
  }

  [[nodiscard]] std::expected<ControlMessage, RejectReason> decode_signed(const std::string& content) const {
    return codec_.decode(codec_.channel_of_all(), signed_payload(content));
  }

  const BusMac mac_{"secret"};
  const ControlCodec codec_{"socket.io", mac_};
};

TEST_F(ControlCodecTest, HasAChannelForAllAndOneForEachNode) {
  EXPECT_EQ(codec_.channel_of_all(), "socket.io-relay#");
  EXPECT_EQ(codec_.channel_of_node("relay1"), "socket.io-relay#relay1#");
}

TEST_F(ControlCodecTest, WritesTheArrayAndTheMac) {
  const std::string payload = codec_.encode(codec_.channel_of_all(), heartbeat()).value();

  const std::string content =
      from_hex("9601a672656c61793107a9686561727462656174c40c7b226e616d65223a2261227d");
  EXPECT_EQ(to_hex(payload), to_hex(signed_payload(content)));
}

TEST_F(ControlCodecTest, BringsEveryMessage) {
  const ControlMessage messages[] = {
      heartbeat(),
      {.sender = "é", .number = ~std::uint64_t{0}, .kind = "x", .body = ""},
      {.sender = std::string(bus_sender_bytes_max, 's'),
       .number = 1,
       .kind = std::string(ControlCodec::kind_bytes_max, '_'),
       .body = std::string(ControlCodec::body_bytes_max, '\xFF')},
  };
  for (const ControlMessage& message : messages) {
    const std::string channel = codec_.channel_of_node("relay2");

    const auto payload = codec_.encode(channel, message);

    ASSERT_TRUE(payload) << message.sender;
    EXPECT_EQ(codec_.decode(channel, *payload), message) << message.sender;
  }
}

TEST_F(ControlCodecTest, RefusesAMessageWithAnyBitChangedOrCut) {
  const std::string channel = codec_.channel_of_all();
  const std::string payload = codec_.encode(channel, heartbeat()).value();

  for (std::size_t i = 0; i < payload.size(); ++i) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      std::string changed = payload;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << bit));
      EXPECT_NE(reason(codec_.decode(channel, changed)), "taken") << i;
    }
    EXPECT_NE(reason(codec_.decode(channel, payload.substr(0, i))), "taken") << i;
  }
  EXPECT_NE(reason(codec_.decode(channel, payload + '\0')), "taken");
}

TEST_F(ControlCodecTest, TellsWhoseMacItIsNot) {
  const std::string channel = codec_.channel_of_all();
  const std::string payload = codec_.encode(channel, heartbeat()).value();
  const BusMac other_mac("another secret");

  EXPECT_EQ(reason(codec_.decode(codec_.channel_of_node("relay1"), payload)), "bad_mac");
  EXPECT_EQ(reason(codec_.decode("other-relay#", payload)), "bad_mac");
  EXPECT_EQ(reason(ControlCodec("socket.io", other_mac).decode(channel, payload)), "bad_mac");
  EXPECT_EQ(reason(codec_.decode(channel, "")), "unsigned");
  EXPECT_EQ(reason(codec_.decode(channel, "nonsense that is long enough")), "unsigned");
}

TEST_F(ControlCodecTest, ReadsTheVersionBeforeAndBehindItsOwn) {
  const std::string rest = from_hex("a17301a16bc400");
  const auto of_version = [&](std::uint64_t version) {
    std::string content = "\x96";
    append_msgpack_unsigned(content, version);
    return decode_signed(content + rest);
  };
  for (const std::uint64_t version : {bus_version - 1, bus_version, bus_version + 1}) {
    const auto message = of_version(version);
    ASSERT_TRUE(message) << version;
    EXPECT_EQ(message->version, version);
  }
  EXPECT_EQ(reason(of_version(bus_version + 2)), "foreign_version");
  EXPECT_EQ(reason(of_version(~std::uint64_t{0})), "foreign_version");
}

TEST_F(ControlCodecTest, PassesOverElementsOfTheNextVersion) {
  const auto message = decode_signed(from_hex("9802a17301a16bc4016281a1789101c0"));

  ASSERT_TRUE(message);
  EXPECT_EQ(*message, (ControlMessage{.sender = "s", .number = 1, .kind = "k", .body = "b", .version = 2}));
}

TEST_F(ControlCodecTest, RefusesWhatIsMalformedAlsoWithAGoodMac) {
  struct Case {
    const char* what;
    const char* hex;
    const char* reason;
  };
  const Case cases[] = {
      {"nothing but a MAC", "", "malformed"},
      {"a map", "86", "malformed"},
      {"too few elements", "9501a17301a16b", "malformed"},
      {"fewer elements than announced", "9701a17301a16bc400", "malformed"},
      {"more elements than announced", "9601a17301a16bc40001", "malformed"},
      {"a version that is no number", "96a131a17301a16bc400", "malformed"},
      {"a negative version", "96ffa17301a16bc400", "malformed"},
      {"a sender that is no string", "96010101a16bc400", "malformed"},
      {"no sender", "9601a001a16bc400", "malformed"},
      {"a sender that is not UTF-8", "9601a1ff01a16bc400", "malformed"},
      {"the number 0", "9601a17300a16bc400", "malformed"},
      {"a negative number", "9601a173ffa16bc400", "malformed"},
      {"no kind", "9601a17301a0c400", "malformed"},
      {"a kind in capitals", "9601a17301a14bc400", "malformed"},
      {"a body that is text", "9601a17301a16ba0", "malformed"},
      {"a MAC within the last element", "9601a17301a16bc400c4140000", "malformed"},
      {"more values than a control message has", "9701a17301a16bc400dd00100000", "too_large"},
  };
  for (const auto& [what, hex, expected] : cases) {
    EXPECT_EQ(reason(decode_signed(from_hex(hex))), expected) << what;
  }
  const std::string deep = std::string(1000, '\x91') + '\xC0';
  EXPECT_EQ(reason(decode_signed(from_hex("9701a17301a16bc400") + deep)), "too_large");
}

TEST_F(ControlCodecTest, SendsNothingThatNobodyTakes) {
  const auto refused = [this](ControlMessage message) {
    return metric_word(codec_.encode(codec_.channel_of_all(), message).error());
  };
  ControlMessage message = heartbeat();

  message.number = 0;
  EXPECT_EQ(refused(message), "malformed");
  message = heartbeat();
  message.kind = "no-kind";
  EXPECT_EQ(refused(message), "malformed");
  message.kind = std::string(ControlCodec::kind_bytes_max + 1, 'a');
  EXPECT_EQ(refused(message), "malformed");
  message = heartbeat();
  message.sender = std::string(bus_sender_bytes_max + 1, 's');
  EXPECT_EQ(refused(message), "too_large");
  message = heartbeat();
  message.body = std::string(ControlCodec::body_bytes_max + 1, 'b');
  EXPECT_EQ(refused(message), "too_large");
  EXPECT_EQ(reason(codec_.decode(codec_.channel_of_all(), std::string(std::size_t{5} << 20U, 'x'))),
            "too_large");
}

}  // namespace
}  // namespace relay
