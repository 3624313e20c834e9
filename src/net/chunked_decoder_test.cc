#include "net/chunked_decoder.h"

#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

constexpr std::size_t limit = 1000;

TEST(ChunkedDecoder, ReadsABodyInPiecesOfAnySize) {
  const std::string wire = "5\r\nhello\r\n6;name=value\r\n world\r\n0\r\nTrailer: x\r\n\r\nNEXT";
  for (std::size_t step = 1; step <= wire.size(); ++step) {
    ChunkedDecoder decoder(limit);
    std::string body;
    std::string rest;
    bool done = false;
    for (std::size_t at = 0; at < wire.size() && !done; at += step) {
      std::string_view piece = std::string_view(wire).substr(at, step);
      const auto result = decoder.feed(piece, body);
      ASSERT_TRUE(result.has_value());
      done = *result;
      rest = std::string(piece);
    }
    EXPECT_TRUE(done);
    EXPECT_EQ(body, "hello world");
    EXPECT_TRUE(std::string_view("NEXT").starts_with(rest));
  }
}

TEST(ChunkedDecoder, RefusesWhatIsNotStrictlyChunked) {
  for (const char* wire :
       {"x\r\n", "\r\n", "5\nhello", "5\r\nhelloX\r\n", "-1\r\n", "0x5\r\nhello\r\n", "123456789\r\n",
        "5 \nhello", "5\r\nhello\n0\r\n\r\n", "0\r\n\n", "0\r\nA: b\n\r\n", "5;a\nb\r\nhello"}) {
    ChunkedDecoder decoder(limit);
    std::string body;
    std::string_view input = wire;
    const auto result = decoder.feed(input, body);
    ASSERT_FALSE(result.has_value()) << wire;
    EXPECT_EQ(result.error(), ChunkedError::malformed) << wire;
  }
}

TEST(ChunkedDecoder, RefusesALargeBodyBeforeItComes) {
  ChunkedDecoder decoder(limit);
  std::string body;
  std::string_view input = "3E9\r\n";
  EXPECT_EQ(decoder.feed(input, body).error(), ChunkedError::too_large);

  ChunkedDecoder exact(limit);
  const std::string wire = "3E8\r\n" + std::string(1000, 'x') + "\r\n0\r\n\r\n";
  input = wire;
  EXPECT_TRUE(exact.feed(input, body).value());
}

TEST(ChunkedDecoder, BoundsExtensionsAndTrailers) {
  for (const char* start : {"1;", "0\r\n"}) {
    ChunkedDecoder decoder(limit);
    std::string body;
    const std::string wire = start + std::string(70'000, 'a');
    std::string_view input = wire;
    EXPECT_FALSE(decoder.feed(input, body).has_value());
  }
}

}  // namespace
}  // namespace relay
