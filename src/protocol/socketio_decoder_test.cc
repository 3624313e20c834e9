#include "protocol/socketio_decoder.h"

#include <string>

#include <gtest/gtest.h>

#include "protocol/socketio_placeholder.h"

namespace relay::socketio {
namespace {

constexpr unsigned depth_max = 64;
constexpr std::string_view one_attachment = R"(51-["e",{"_placeholder":true,"num":0}])";

TEST(SocketioDecoder, IsTinyAndOwnsNothingWhenIdle) {
  Decoder decoder(1000, depth_max);

  ASSERT_TRUE(decoder.text(R"(2["a"])").has_value());

  EXPECT_LE(sizeof(Decoder), 24U);
  EXPECT_EQ(decoder.buffered_bytes(), 0U);
}

TEST(SocketioDecoder, YieldsAPacketWithoutAttachmentsAtOnce) {
  Decoder decoder(1000, depth_max);

  const auto result = decoder.text(R"(2/chat,1["a",2])");

  ASSERT_TRUE(result.has_value() && result->has_value());
  EXPECT_EQ((*result)->packet.namespace_name, "/chat");
  EXPECT_EQ((*result)->packet.arguments_json, "2");
  EXPECT_TRUE((*result)->attachments.empty());
}

TEST(SocketioDecoder, CollectsTheAttachmentsInOrder) {
  Decoder decoder(1000, depth_max);
  {
    const std::string text = R"(52-/x,["e",{"_placeholder":true,"num":1},[{"num":0,"_placeholder":true}]])";
    ASSERT_FALSE(decoder.text(text).value().has_value());
  }
  EXPECT_GT(decoder.buffered_bytes(), 0U);
  ASSERT_FALSE(decoder.binary("first").value().has_value());

  const auto result = decoder.binary("");

  ASSERT_TRUE(result.has_value() && result->has_value());
  EXPECT_EQ((*result)->packet.namespace_name, "/x");
  EXPECT_EQ((*result)->packet.event_name_json, R"("e")");
  EXPECT_EQ((*result)->packet.arguments_count, 2U);
  EXPECT_EQ((*result)->attachments, (std::vector<std::string>{"first", ""}));
  EXPECT_EQ(decoder.buffered_bytes(), 0U);
}

TEST(SocketioDecoder, RefusesMessagesOutOfTurn) {
  Decoder decoder(1000, depth_max);
  EXPECT_EQ(decoder.binary("x").error(), ParseError::unexpected_binary);

  ASSERT_TRUE(decoder.text(one_attachment).has_value());
  EXPECT_EQ(decoder.text(R"(2["a"])").error(), ParseError::attachments_pending);

  ASSERT_TRUE(decoder.text(one_attachment).has_value());
  ASSERT_TRUE(decoder.binary("x").value().has_value());
  EXPECT_EQ(decoder.binary("y").error(), ParseError::unexpected_binary);
}

TEST(SocketioDecoder, BoundsTextAndAttachmentsTogether) {
  const std::size_t limit = one_attachment.size() + 10;
  Decoder exact(limit, depth_max);
  ASSERT_TRUE(exact.text(one_attachment).has_value());
  EXPECT_TRUE(exact.binary(std::string(10, 'x')).has_value());

  Decoder over(limit, depth_max);
  ASSERT_TRUE(over.text(one_attachment).has_value());
  EXPECT_EQ(over.binary(std::string(11, 'x')).error(), ParseError::too_large);
  EXPECT_EQ(over.buffered_bytes(), 0U);
  EXPECT_EQ(over.text("0" + std::string(limit, ' ')).error(), ParseError::too_large);
}

TEST(SocketioDecoder, ChecksPlaceholdersWhenTheLastAttachmentCame) {
  for (const char* num :
       {"1", "-1", "\"0\"", "\"splice\"", "0.5", "0e0", "null", "[0]", "99999999999999999999"}) {
    Decoder decoder(1000, depth_max);
    ASSERT_TRUE(decoder.text(R"(51-["e",{"_placeholder":true,"num":)" + std::string(num) + "}]").has_value());
    EXPECT_EQ(decoder.binary("x").error(), ParseError::illegal_placeholder) << num;
  }
}

TEST(SocketioPlaceholder, IsWhatClientsTakeForOne) {
  for (const char* json :
       {R"([{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])", R"([])", "7",
        R"({"a":[[{"b": {"num" : 1 , "_placeholder" : true } } ]]})",
        R"([{"_placeholder":"true","num":9},{"_placeholder":false},{"num":9}])",
        R"([{"_placeholder":true,"num":7,"num":1}])", R"(["_placeholder",true,"num",9])",
        R"([{"a":"{\"_placeholder\":true,\"num\":9}"}])", R"([{"_placeholder":[true],"num":9}])",
        R"([{"_placeholder":true,"num":0,"more":{"num":9}}])"}) {
    EXPECT_TRUE(has_only_valid_placeholders(json, 2)) << json;
  }
  for (const char* json :
       {R"([{"_placeholder":true,"num":2}])", R"([{"_placeholder":true}])",
        R"([{"\u005fplaceholder":true,"n\u0075m":2}])", R"([{"_placeholder":true,"num":1,"num":7}])",
        R"([{"x":{"y":[1,{"_placeholder":true,"num":-1}]}}])", R"([{"_placeholder":true,"x":{"num":0}}])",
        R"({"_placeholder":true,"num":{}})"}) {
    EXPECT_FALSE(has_only_valid_placeholders(json, 2)) << json;
  }
}

}  // namespace
}  // namespace relay::socketio
