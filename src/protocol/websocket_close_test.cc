#include "protocol/websocket_close.h"

#include <string>

#include <gtest/gtest.h>

namespace relay::websocket {
namespace {

TEST(WebsocketClose, KnowsWhichCodesAPeerMaySend) {
  for (const int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999}) {
    EXPECT_TRUE(may_be_received(static_cast<std::uint16_t>(code))) << code;
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    EXPECT_FALSE(may_be_received(static_cast<std::uint16_t>(code))) << code;
  }
}

TEST(WebsocketClose, ReadsCodeAndReason) {
  const auto empty = parse_close_payload("");
  ASSERT_TRUE(empty.has_value());
  EXPECT_EQ(empty->code, std::nullopt);

  const auto bye = parse_close_payload(
      "\x0F\xA0"
      "bye");
  ASSERT_TRUE(bye.has_value());
  EXPECT_EQ(bye->code, 4000);
  EXPECT_EQ(bye->reason, "bye");
}

TEST(WebsocketClose, AnswersAWrongPayloadWithTheRightCode) {
  EXPECT_EQ(parse_close_payload("\x03").error(), CloseCode::protocol_error);
  EXPECT_EQ(parse_close_payload("\x03\xED").error(), CloseCode::protocol_error);
  EXPECT_EQ(parse_close_payload("\x03\xE8\xC3(").error(), CloseCode::invalid_payload);
}

TEST(WebsocketClose, CutsALongReasonBetweenCharacters) {
  std::string reason(122, 'a');
  reason += "\u20AC";

  const std::string payload = close_payload(CloseCode::normal, reason);

  EXPECT_EQ(payload, "\x03\xE8" + std::string(122, 'a'));
  EXPECT_EQ(close_payload(CloseCode::going_away, "").size(), 2U);
  EXPECT_EQ(close_payload(4000, std::string(500, 'b')).size(), 125U);
  EXPECT_EQ(parse_close_payload(close_payload(4000, "bye"))->reason, "bye");
}

}  // namespace
}  // namespace relay::websocket
