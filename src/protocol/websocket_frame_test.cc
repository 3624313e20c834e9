#include "protocol/websocket_frame.h"

#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace relay::websocket {
namespace {

std::string header(Opcode opcode, std::size_t payload_bytes) {
  std::array<char, header_bytes_max> bytes;
  const std::size_t size = write_header(bytes.data(), opcode, payload_bytes);
  EXPECT_EQ(size, header_size(payload_bytes));
  return {bytes.data(), size};
}

TEST(WebsocketFrame, HasTheShortestLengthAndNoMask) {
  using namespace std::string_view_literals;

  EXPECT_EQ(header(Opcode::text, 0), "\x81\x00"sv);
  EXPECT_EQ(header(Opcode::binary, 125), "\x82\x7D"sv);
  EXPECT_EQ(header(Opcode::text, 126), "\x81\x7E\x00\x7E"sv);
  EXPECT_EQ(header(Opcode::text, 0xFFFF), "\x81\x7E\xFF\xFF"sv);
  EXPECT_EQ(header(Opcode::text, 0x10000), "\x81\x7F\x00\x00\x00\x00\x00\x01\x00\x00"sv);
  EXPECT_EQ(header(Opcode::close, 2), "\x88\x02"sv);
  EXPECT_EQ(header(Opcode::pong, 1), "\x8A\x01"sv);
}

}  // namespace
}  // namespace relay::websocket
