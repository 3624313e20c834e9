#include "protocol/websocket_handshake.h"

#include <gtest/gtest.h>

namespace relay::websocket {
namespace {

constexpr HandshakeHeaders good = {"websocket", "Upgrade", "dGhlIHNhbXBsZSBub25jZQ==", "13"};

TEST(WebsocketHandshake, GivesTheKeyOfTheStandardsExample) {
  EXPECT_EQ(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(accept_key(" dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebsocketHandshake, AcceptsWhatBrowsersAndProxiesSend) {
  HandshakeHeaders headers = good;
  EXPECT_TRUE(check_handshake(headers).has_value());
  headers.upgrade = "h2c, WebSocket";
  headers.connection = "keep-alive,\tupgrade ";
  headers.version = "8";
  EXPECT_TRUE(check_handshake(headers).has_value());
}

TEST(WebsocketHandshake, RefusesForACause) {
  const struct {
    std::string_view HandshakeHeaders::*header;
    std::string_view value;
    HandshakeError error;
  } rows[] = {
      {&HandshakeHeaders::upgrade, "", HandshakeError::not_an_upgrade},
      {&HandshakeHeaders::upgrade, "websockets", HandshakeError::not_an_upgrade},
      {&HandshakeHeaders::connection, "close", HandshakeError::not_an_upgrade},
      {&HandshakeHeaders::key, "", HandshakeError::invalid_key},
      {&HandshakeHeaders::key, "dGhlIHNhbXBsZSBub25jZQ=", HandshakeError::invalid_key},
      {&HandshakeHeaders::key, "dGhlIHNhbXBsZSBub25jZQAA", HandshakeError::invalid_key},
      {&HandshakeHeaders::key, "dGhlIHNhbXBsZSBub25jZ.==", HandshakeError::invalid_key},
      {&HandshakeHeaders::version, "", HandshakeError::unsupported_version},
      {&HandshakeHeaders::version, "7", HandshakeError::unsupported_version},
      {&HandshakeHeaders::version, "13, 8", HandshakeError::unsupported_version},
  };
  for (const auto& row : rows) {
    HandshakeHeaders headers = good;
    headers.*row.header = row.value;
    const auto result = check_handshake(headers);
    ASSERT_FALSE(result.has_value()) << row.value;
    EXPECT_EQ(result.error(), row.error) << row.value;
  }
  EXPECT_EQ(describe(HandshakeError::invalid_key), "Missing or invalid Sec-WebSocket-Key header");
}

TEST(WebsocketHandshake, TakesTheFirstSubprotocol) {
  EXPECT_EQ(first_subprotocol("foo, bar"), "foo");
  EXPECT_EQ(first_subprotocol(" , \tfoo\t"), "foo");
  EXPECT_EQ(first_subprotocol(""), "");
  EXPECT_EQ(first_subprotocol(" , "), "");
  EXPECT_EQ(first_subprotocol("a b, c"), "");
  EXPECT_EQ(first_subprotocol("a\r\nSet-Cookie: x"), "");
}

}  // namespace
}  // namespace relay::websocket
