#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/engineio_open.h"
#include "protocol/engineio_packet.h"
#include "protocol/engineio_payload.h"

namespace relay::engineio {
namespace {

using namespace std::chrono_literals;

TEST(EngineioPacket, HasADigitAndData) {
  for (const PacketType type : {PacketType::open, PacketType::close, PacketType::ping, PacketType::pong,
                                PacketType::message, PacketType::upgrade, PacketType::noop}) {
    const std::string text = digit(type) + std::string("data");
    const auto packet = parse_text_packet(text);
    ASSERT_TRUE(packet.has_value());
    EXPECT_EQ(packet->type, type);
    EXPECT_FALSE(packet->binary);
    EXPECT_EQ(packet->data, "data");
  }
  EXPECT_EQ(parse_text_packet("4")->data, "");
  EXPECT_EQ(parse_text_packet("52")->type, PacketType::upgrade);
}

TEST(EngineioPacket, BeginsWithBWhenItIsABinaryMessage) {
  const auto packet = parse_text_packet("bAQIDBA==");
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->type, PacketType::message);
  EXPECT_TRUE(packet->binary);
  EXPECT_EQ(packet->data, "AQIDBA==");
}

TEST(EngineioPacket, IsNothingElse) {
  for (const char* text : {"", "7", "/", "abc", " 4", "\x1e", "B", "\xC3\xA9"}) {
    EXPECT_FALSE(parse_text_packet(text).has_value()) << text;
  }
}

std::vector<std::string> split(std::string_view body) {
  PayloadReader reader(body);
  std::vector<std::string> packets;
  while (const auto packet = reader.next()) packets.emplace_back(*packet);
  EXPECT_TRUE(reader.done());
  return packets;
}

TEST(EngineioPayload, IsSplitAtRecordSeparators) {
  using Packets = std::vector<std::string>;
  EXPECT_EQ(split("4hello"), Packets{"4hello"});
  EXPECT_EQ(split("4a\x1e"
                  "b\x1e"
                  "2"),
            (Packets{"4a", "b", "2"}));
}

TEST(EngineioPayload, YieldsEmptyPacketsSoThatTheyAreRefused) {
  using Packets = std::vector<std::string>;
  EXPECT_EQ(split(""), Packets{""});
  EXPECT_EQ(split("4a\x1e"), (Packets{"4a", ""}));
  EXPECT_EQ(split("\x1e"
                  "4a"),
            (Packets{"", "4a"}));
  EXPECT_EQ(split("4a\x1e\x1e"
                  "4b"),
            (Packets{"4a", "", "4b"}));
}

TEST(EngineioOpen, HasExactlyTheFiveKeysInOrder) {
  constexpr std::array<std::string_view, 1> upgrades = {"websocket"};

  const std::string polling = open_packet({.sid = "4qvyIreCgPeABP1FAAAA",
                                           .upgrades = upgrades,
                                           .ping_interval = 25s,
                                           .ping_timeout = 20s,
                                           .payload_bytes_max = 1'000'000});
  const std::string websocket = open_packet(
      {.sid = "S", .upgrades = {}, .ping_interval = 300ms, .ping_timeout = 200ms, .payload_bytes_max = 1});

  EXPECT_EQ(polling, R"(0{"sid":"4qvyIreCgPeABP1FAAAA","upgrades":["websocket"],"pingInterval":25000,)"
                     R"("pingTimeout":20000,"maxPayload":1000000})");
  EXPECT_EQ(websocket, R"(0{"sid":"S","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1})");
}

}  // namespace
}  // namespace relay::engineio
