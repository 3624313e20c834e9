#include "relay/publish_rule.h"

#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(PublishRule, APrivateRoomOfAnAccountMayBeLongerByItsPrefix) {
  EXPECT_EQ(room_problem("~account/" + std::string(200, 'x')), "");
  EXPECT_NE(room_problem("~account/" + std::string(201, 'x')), "");
  EXPECT_NE(room_problem(std::string(201, 'x')), "");
  EXPECT_NE(room_problem("~accounts/" + std::string(200, 'x')), "");
  EXPECT_EQ(name_problem(std::string(200, 'x')), "");
  EXPECT_NE(name_problem("~account/" + std::string(200, 'x')), "");
}

TEST(PublishRule, NamesThatAreReservedAreNoEvents) {
  for (const std::string_view type :
       {"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"}) {
    EXPECT_EQ(event_type_problem(type), "must not be a name that Socket.IO reserves") << type;
  }
  EXPECT_NE(event_type_problem("relay:"), "");
  EXPECT_NE(event_type_problem("relay:x"), "");
  for (const std::string_view type : {"connected", "Connect", "relayed:x", "relay", "a b.c-d_é"}) {
    EXPECT_EQ(event_type_problem(type), "") << type;
  }
}

TEST(PublishRule, ATimestampIsBounded) {
  const std::string digits = "2026-01-31T12:00:00.";
  EXPECT_EQ(timestamp_problem(digits + std::string(43, '1') + "Z"), "");
  EXPECT_EQ(timestamp_problem(digits + std::string(44, '1') + "Z"), "must have at most 64 bytes");
}

TEST(PublishRule, ANonceIsPrintableAscii) {
  for (const std::string& nonce : {std::string("12345678"), std::string("with a ~"), std::string(200, 'n')}) {
    EXPECT_EQ(nonce_problem(nonce), "") << nonce;
  }
  for (const std::string& nonce :
       {std::string(), std::string("1234567"), std::string(201, 'n'), std::string("1234567\n"),
        std::string("1234567é"), std::string("12345678\x7f")}) {
    EXPECT_NE(nonce_problem(nonce), "") << nonce;
  }
}

}  // namespace
}  // namespace relay
