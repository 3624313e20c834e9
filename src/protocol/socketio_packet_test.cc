#include "protocol/socketio_packet.h"

#include <string>

#include <gtest/gtest.h>

namespace relay::socketio {
namespace {

constexpr unsigned depth_max = 64;

TEST(SocketioPacket, IsReadIntoItsParts) {
  const struct {
    std::string_view text;
    Packet expected;
  } rows[] = {
      {"0", {.type = PacketType::connect}},
      {R"(0{"token":"123"})", {.type = PacketType::connect, .json = R"({"token":"123"})"}},
      {"0/custom", {.type = PacketType::connect, .namespace_name = "/custom"}},
      {"0/custom,", {.type = PacketType::connect, .namespace_name = "/custom"}},
      {R"(0/custom,{"a":1})",
       {.type = PacketType::connect, .namespace_name = "/custom", .json = R"({"a":1})"}},
      {R"(0/custom{"a":1})", {.type = PacketType::connect, .namespace_name = R"(/custom{"a":1})"}},
      {"0/custom?x=1,", {.type = PacketType::connect, .namespace_name = "/custom?x=1"}},
      {"012", {.type = PacketType::connect}},
      {R"(012{"a":1})", {.type = PacketType::connect, .json = R"({"a":1})"}},
      {"1", {.type = PacketType::disconnect}},
      {"1/custom,", {.type = PacketType::disconnect, .namespace_name = "/custom"}},
      {R"(2["a"])", {.type = PacketType::event, .json = R"(["a"])", .event_name_json = R"("a")"}},
      {R"(2/,["a"])", {.type = PacketType::event, .json = R"(["a"])", .event_name_json = R"("a")"}},
      {R"(20["x"])", {.type = PacketType::event, .id = 0, .json = R"(["x"])", .event_name_json = R"("x")"}},
      {R"(2007["x"])", {.type = PacketType::event, .id = 7, .json = R"(["x"])", .event_name_json = R"("x")"}},
      {R"(2999999999999999999["x"])",
       {.type = PacketType::event,
        .id = 999999999999999999U,
        .json = R"(["x"])",
        .event_name_json = R"("x")"}},
      {R"(2["a",1, {"b":[2 , 3]} ])",
       {.type = PacketType::event,
        .json = R"(["a",1, {"b":[2 , 3]} ])",
        .event_name_json = R"("a")",
        .arguments_json = R"(1, {"b":[2 , 3]})",
        .arguments_count = 2}},
      {R"(2/chat,7["a-b",""])",
       {.type = PacketType::event,
        .namespace_name = "/chat",
        .id = 7,
        .json = R"(["a-b",""])",
        .event_name_json = R"("a-b")",
        .arguments_json = R"("")",
        .arguments_count = 1}},
      {R"(2["a",{"_placeholder":true,"num":5}])",
       {.type = PacketType::event,
        .json = R"(["a",{"_placeholder":true,"num":5}])",
        .event_name_json = R"("a")",
        .arguments_json = R"({"_placeholder":true,"num":5})",
        .arguments_count = 1}},
      {"3", {.type = PacketType::ack}},
      {"31", {.type = PacketType::ack, .id = 1}},
      {"31[]", {.type = PacketType::ack, .id = 1, .json = "[]"}},
      {R"(3["x"])",
       {.type = PacketType::ack, .json = R"(["x"])", .arguments_json = R"("x")", .arguments_count = 1}},
      {R"(399["x",null])",
       {.type = PacketType::ack,
        .id = 99,
        .json = R"(["x",null])",
        .arguments_json = R"("x",null)",
        .arguments_count = 2}},
      {R"(51-/custom,3["e",{"_placeholder":true,"num":0}])",
       {.type = PacketType::binary_event,
        .attachments = 1,
        .namespace_name = "/custom",
        .id = 3,
        .json = R"(["e",{"_placeholder":true,"num":0}])",
        .event_name_json = R"("e")",
        .arguments_json = R"({"_placeholder":true,"num":0})",
        .arguments_count = 1}},
      {R"(610-12[0])",
       {.type = PacketType::binary_ack,
        .attachments = 10,
        .id = 12,
        .json = "[0]",
        .arguments_json = "0",
        .arguments_count = 1}},
  };
  for (const auto& row : rows) {
    const auto packet = parse_packet(row.text, depth_max);
    ASSERT_TRUE(packet.has_value()) << row.text << ": " << describe(packet.error());
    EXPECT_EQ(packet->type, row.expected.type) << row.text;
    EXPECT_EQ(packet->attachments, row.expected.attachments) << row.text;
    EXPECT_EQ(packet->namespace_name, row.expected.namespace_name) << row.text;
    EXPECT_EQ(packet->id, row.expected.id) << row.text;
    EXPECT_EQ(packet->json, row.expected.json) << row.text;
    EXPECT_EQ(packet->event_name_json, row.expected.event_name_json) << row.text;
    EXPECT_EQ(packet->arguments_json, row.expected.arguments_json) << row.text;
    EXPECT_EQ(packet->arguments_count, row.expected.arguments_count) << row.text;
  }
}

TEST(SocketioPacket, MayHaveAnyEventNameThatIsNotReserved) {
  for (const char* text : {R"(2["error"])", R"(2["connection"])", R"(2["__proto__"])", R"(2["toString"])",
                           R"(2[""])", "2[7]", "2[-1.5e3,1]", R"(2["Connect"])", R"(2["\ud800"])"}) {
    EXPECT_TRUE(parse_packet(text, depth_max).has_value()) << text;
  }
  for (const char* name :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    EXPECT_TRUE(is_reserved_event(name));
    EXPECT_EQ(parse_packet("2[\"" + std::string(name) + "\"]", depth_max).error(),
              ParseError::illegal_event_name);
  }
  EXPECT_EQ(parse_packet(R"(2["conn\u0065ct"])", depth_max).error(), ParseError::illegal_event_name);
  EXPECT_FALSE(is_reserved_event("error"));
}

TEST(SocketioPacket, IsRefusedForACause) {
  const struct {
    std::string_view text;
    ParseError error;
  } rows[] = {
      {"", ParseError::empty},
      {"7", ParseError::unknown_type},
      {"abc", ParseError::unknown_type},
      {"\xC3\xA9", ParseError::unknown_type},
      {"0[]", ParseError::unexpected_payload},
      {"0null", ParseError::unexpected_payload},
      {R"(0"a")", ParseError::unexpected_payload},
      {"0{a", ParseError::invalid_json},
      {"0{}x", ParseError::invalid_json},
      {"1{}", ParseError::unexpected_payload},
      {"2", ParseError::unexpected_payload},
      {"21", ParseError::unexpected_payload},
      {"2{}", ParseError::unexpected_payload},
      {"2[]", ParseError::unexpected_payload},
      {"2[null]", ParseError::illegal_event_name},
      {"2[true]", ParseError::illegal_event_name},
      {"2[{}]", ParseError::illegal_event_name},
      {R"(2[{"toString":"foo"}])", ParseError::illegal_event_name},
      {R"(2["a")", ParseError::invalid_json},
      {R"(2["a"]x)", ParseError::invalid_json},
      {R"(2abc["a"])", ParseError::unexpected_payload},
      {R"(2-1["a"])", ParseError::unexpected_payload},
      {R"(21.5["a"])", ParseError::unexpected_payload},
      {R"(21 2["x"])", ParseError::unexpected_payload},
      {R"(2 ["x",1])", ParseError::unexpected_payload},
      {R"(2/custom["a"])", ParseError::unexpected_payload},
      {R"(299999999999999999999["x"])", ParseError::id_too_long},
      {R"(21000000000000000000["x"])", ParseError::id_too_long},
      {"31{}", ParseError::unexpected_payload},
      {"4", ParseError::unexpected_payload},
      {"4[]", ParseError::unexpected_payload},
      {R"(50-["a"])", ParseError::illegal_attachments},
      {R"(5["a"])", ParseError::illegal_attachments},
      {R"(51["a"])", ParseError::illegal_attachments},
      {R"(51.5-["a"])", ParseError::illegal_attachments},
      {R"(5-1-["a"])", ParseError::illegal_attachments},
      {R"(5-["a"])", ParseError::illegal_attachments},
      {R"(51e1-["a"])", ParseError::illegal_attachments},
      {R"(5 1-["a"])", ParseError::illegal_attachments},
      {R"(50x1-["a"])", ParseError::illegal_attachments},
      {"5", ParseError::illegal_attachments},
      {R"(511-["a"])", ParseError::too_many_attachments},
      {R"(599999999999999999999-["a"])", ParseError::too_many_attachments},
      {"61-1", ParseError::unexpected_payload},
      {R"(51-[{"_placeholder":true,"num":0}])", ParseError::illegal_event_name},
  };
  for (const auto& row : rows) {
    const auto packet = parse_packet(row.text, depth_max);
    ASSERT_FALSE(packet.has_value()) << row.text;
    EXPECT_EQ(packet.error(), row.error) << row.text << ": " << describe(packet.error());
  }
}

TEST(SocketioPacket, BoundsDepthAndAttachmentDigits) {
  EXPECT_TRUE(parse_packet(R"(2["a",[[]]])", 3).has_value());
  EXPECT_EQ(parse_packet(R"(2["a",[[[]]]])", 3).error(), ParseError::invalid_json);
  EXPECT_EQ(parse_packet("5" + std::string(1'000'000, '9') + "-[]", depth_max).error(),
            ParseError::too_many_attachments);
  EXPECT_EQ(parse_packet("2" + std::string(500'000, '['), depth_max).error(), ParseError::invalid_json);
}

TEST(SocketioPacket, ReadsRefusalsForPeersThatGetThem) {
  const auto packet = parse_packet(R"(4/random,{"message":"Invalid namespace"})", depth_max);
  ASSERT_TRUE(packet.has_value());
  EXPECT_EQ(packet->namespace_name, "/random");
  EXPECT_EQ(packet->json, R"({"message":"Invalid namespace"})");
  EXPECT_TRUE(parse_packet(R"(4"why")", depth_max).has_value());
}

template <typename F>
std::string written(F append) {
  std::string out = "4";
  append(out);
  return out;
}

TEST(SocketioWriter, LeavesTheMainNamespaceOutAndPutsACommaBehindOthers) {
  EXPECT_EQ(written([](auto& out) { append_event_header(out, "/"); }), "42");
  EXPECT_EQ(written([](auto& out) { append_event_header(out, "/chat", 0); }), "42/chat,0");
  EXPECT_EQ(written([](auto& out) { append_event_header(out, "/", {}, 2); }), "452-");
  EXPECT_EQ(written([](auto& out) { append_event_header(out, "/custom", 3, 1); }), "451-/custom,3");
  EXPECT_EQ(written([](auto& out) { append_disconnect(out, "/"); }), "41");
  EXPECT_EQ(written([](auto& out) { append_disconnect(out, "/custom"); }), "41/custom,");
}

TEST(SocketioWriter, WritesAcks) {
  EXPECT_EQ(written([](auto& out) { append_ack(out, "/", 0, ""); }), "430[]");
  EXPECT_EQ(written([](auto& out) { append_ack(out, "/chat", 12, R"(1,"a")"); }), R"(43/chat,12[1,"a"])");
  EXPECT_EQ(written([](auto& out) { append_ack(out, "/", 12, "x", 1); }), "461-12[x]");
}

TEST(SocketioWriter, AnswersConnects) {
  EXPECT_EQ(written([](auto& out) { append_connect(out, "/", {.sid = "S"}); }), R"(40{"sid":"S"})");
  EXPECT_EQ(written([](auto& out) { append_connect(out, "/custom", {.sid = "S", .pid = "P"}); }),
            R"(40/custom,{"sid":"S","pid":"P"})");
  EXPECT_EQ(
      written([](auto& out) { append_connect_error(out, "/random", {.message = "Invalid namespace"}); }),
      R"(44/random,{"message":"Invalid namespace"})");
  EXPECT_EQ(
      written([](auto& out) { append_connect_error(out, "/", {.message = "a\"b", .data_json = "[1]"}); }),
      R"(44{"message":"a\"b","data":[1]})");
}

}  // namespace
}  // namespace relay::socketio
