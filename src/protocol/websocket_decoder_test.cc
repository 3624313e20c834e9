#include "protocol/websocket_decoder.h"

#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace relay::websocket {
namespace {

using Kind = Message::Kind;
using namespace std::string_literals;

constexpr std::size_t limit = 100'000;

// A frame of a client; `first` holds FIN, RSV and the opcode.
std::string frame(unsigned char first, std::string_view payload) {
  const std::string mask = "\x01\xFE\x7F\x80";
  std::string out(1, static_cast<char>(first));
  if (payload.size() <= 125) {
    out += static_cast<char>(0x80U | payload.size());
  } else {
    const std::size_t length_bytes = payload.size() <= 0xFFFF ? 2 : 8;
    out += length_bytes == 2 ? '\xFE' : '\xFF';
    for (std::size_t i = length_bytes; i > 0; --i)
      out += static_cast<char>(payload.size() >> (8 * (i - 1)) & 0xFFU);
  }
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

struct Received {
  Kind kind;
  std::string payload;
  bool operator==(const Received&) const = default;
};

struct Outcome {
  std::vector<Received> messages;
  std::optional<CloseCode> error;
  std::size_t bytes_read = 0;  // when the error was found
};

Outcome decode(std::string wire, std::size_t step, std::size_t message_bytes_max = limit) {
  Outcome outcome;
  Decoder decoder(message_bytes_max);
  for (std::size_t at = 0; at < wire.size(); at += step) {
    std::span<char> piece = std::span(wire).subspan(at, std::min(step, wire.size() - at));
    outcome.bytes_read += piece.size();
    for (;;) {
      const auto result = decoder.next(piece);
      if (!result) {
        outcome.error = result.error();
        return outcome;
      }
      if (!*result) break;
      outcome.messages.push_back({(*result)->kind, std::string((*result)->payload)});
    }
    EXPECT_TRUE(piece.empty());
  }
  return outcome;
}

TEST(WebsocketDecoder, ReadsEveryKindInPiecesOfAnySize) {
  const std::string medium(300, 'm');
  const std::string large(70'000, 'l');
  const std::string wire = frame(0x81, "hello") + frame(0x82, "\xFF\x00"s) + frame(0x89, "ping") +
                           frame(0x8A, "") + frame(0x81, medium) + frame(0x82, large) +
                           frame(0x88, "\x03\xE8");
  const std::vector<Received> expected = {
      {Kind::text, "hello"}, {Kind::binary, "\xFF\x00"s}, {Kind::ping, "ping"},     {Kind::pong, ""},
      {Kind::text, medium},  {Kind::binary, large},       {Kind::close, "\x03\xE8"}};
  for (const std::size_t step : {1U, 2U, 3U, 7U, 64U, 1000U, 200'000U}) {
    const Outcome outcome = decode(wire, step);
    EXPECT_FALSE(outcome.error.has_value()) << step;
    EXPECT_EQ(outcome.messages, expected) << step;
  }
}

TEST(WebsocketDecoder, JoinsFragmentsAndYieldsControlFramesBetween) {
  const std::string wire = frame(0x01, "h\xC3") + frame(0x89, "1") + frame(0x00, "") + frame(0x8A, "2") +
                           frame(0x80, "\xA9!") + frame(0x02, "") + frame(0x80, "") + frame(0x81, "next");
  const std::vector<Received> expected = {{Kind::ping, "1"},
                                          {Kind::pong, "2"},
                                          {Kind::text, "h\u00E9!"},
                                          {Kind::binary, ""},
                                          {Kind::text, "next"}};
  for (std::size_t step = 1; step <= wire.size(); ++step)
    EXPECT_EQ(decode(wire, step).messages, expected) << step;
}

TEST(WebsocketDecoder, YieldsAWholeMessageWhereItLies) {
  std::string wire = frame(0x81, "hello") + frame(0x81, "x");
  std::span<char> input(wire);
  Decoder decoder(limit);

  const auto result = decoder.next(input);

  ASSERT_TRUE(result.has_value() && result->has_value());
  EXPECT_EQ((*result)->payload.data(), wire.data() + 6);
  EXPECT_EQ(input.size(), frame(0x81, "x").size());
  EXPECT_EQ(decoder.buffered_bytes(), 0U);
}

TEST(WebsocketDecoder, IsTinyAndOwnsNothingBetweenMessages) {
  Decoder decoder(limit);
  std::string wire = frame(0x82, std::string(1000, 'x'));
  std::span<char> first = std::span(wire).first(500);
  std::span<char> second = std::span(wire).subspan(500);

  ASSERT_FALSE(decoder.next(first).value().has_value());
  EXPECT_GT(decoder.buffered_bytes(), 490U);
  ASSERT_TRUE(decoder.next(second).value().has_value());
  ASSERT_FALSE(decoder.next(second).value().has_value());

  EXPECT_EQ(decoder.buffered_bytes(), 0U);
  EXPECT_LE(sizeof(Decoder), 64U);
}

TEST(WebsocketDecoder, KeepsWhatArrivedAndNotWhatWasDeclared) {
  Decoder decoder(1'000'000'000);
  std::string wire = "\x82\xFF\x00\x00\x00\x00\x3B\x9A\xCA\x00"s + "mask" + std::string(1000, 'x');
  std::span<char> input(wire);

  ASSERT_FALSE(decoder.next(input).value().has_value());

  EXPECT_LT(decoder.buffered_bytes(), 3000U);
}

TEST(WebsocketDecoder, DoesNotGrowWithEmptyFragments) {
  Decoder decoder(limit);
  std::string wire = frame(0x01, "");
  for (int i = 0; i < 10'000; ++i) wire += frame(0x00, "");
  std::span<char> input(wire);

  ASSERT_FALSE(decoder.next(input).value().has_value());

  EXPECT_LT(decoder.buffered_bytes(), 500U);
}

TEST(WebsocketDecoder, RefusesProtocolErrors) {
  const std::pair<const char*, std::string> rows[] = {
      {"unmasked", "\x81\x02hi"},
      {"RSV1", frame(0xC1, "x")},
      {"RSV3", frame(0x91, "x")},
      {"opcode 3", frame(0x83, "")},
      {"opcode 11", frame(0x8B, "")},
      {"fragmented ping", frame(0x09, "")},
      {"long ping", frame(0x89, std::string(126, 'x'))},
      {"long close", frame(0x88, std::string(70'000, 'x'))},
      {"continuation of nothing", frame(0x80, "x")},
      {"continuation after a whole message", frame(0x81, "x") + frame(0x00, "y")},
      {"a message within a message", frame(0x01, "x") + frame(0x81, "y")},
  };
  for (const auto& [name, wire] : rows) {
    for (const std::size_t step : {1U, 1000U})
      EXPECT_EQ(decode(wire, step).error, CloseCode::protocol_error) << name;
  }
}

TEST(WebsocketDecoder, RefusesALongMessageByItsHeader) {
  EXPECT_FALSE(decode(frame(0x82, std::string(200, 'x')), 1, 200).error.has_value());

  const Outcome over = decode(frame(0x82, std::string(201, 'x')), 1, 200);
  EXPECT_EQ(over.error, CloseCode::too_big);
  EXPECT_EQ(over.bytes_read, 4U);

  const Outcome sum = decode(frame(0x02, std::string(100, 'x')) + frame(0x80, std::string(101, 'x')), 1, 200);
  EXPECT_EQ(sum.error, CloseCode::too_big);

  for (const char* length : {"\x00\x00\x01\x00\x00\x00\x00\x00", "\x80\x00\x00\x00\x00\x00\x00\x00",
                             "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"}) {
    EXPECT_EQ(decode("\x82\xFF" + std::string(length, 8), 1000).error, CloseCode::too_big);
    EXPECT_EQ(decode(frame(0x02, "x") + "\x80\xFF" + std::string(length, 8), 1000).error, CloseCode::too_big);
  }
}

TEST(WebsocketDecoder, RefusesInvalidTextAtTheByteThatProvesIt) {
  const std::string good = "h\u00E9";
  const std::string late = frame(0x81, good + "\xFF" + std::string(1000, 'x'));
  const Outcome in_frame = decode(late, 1);
  EXPECT_EQ(in_frame.error, CloseCode::invalid_payload);
  EXPECT_EQ(in_frame.bytes_read, 8 + good.size() + 1);

  EXPECT_EQ(decode(frame(0x01, "\xC3") + frame(0x00, "("), 1000).error, CloseCode::invalid_payload);
  for (const std::size_t step : {1U, 1000U}) {
    EXPECT_EQ(decode(frame(0x81, "cut \xE2\x82"), step).error, CloseCode::invalid_payload);
    EXPECT_EQ(decode(frame(0x01, "cut \xE2") + frame(0x80, "\x82"), step).error, CloseCode::invalid_payload);
    EXPECT_FALSE(decode(frame(0x82, "\xFF"), step).error.has_value());
  }
}

}  // namespace
}  // namespace relay::websocket
