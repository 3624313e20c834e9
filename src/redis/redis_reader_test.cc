#include "redis/redis_reader.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace relay {
namespace {

using enum RedisReply::Kind;

constexpr RedisReaderLimits small{.bulk_bytes_max = 100,
                                  .line_bytes_max = 50,
                                  .elements_max = 10,
                                  .reply_bytes_max = 150,
                                  .nesting_max = 3,
                                  .unparsed_bytes_max = 200};

struct Outcome {
  std::vector<RedisReply> replies = {};
  std::optional<RedisReadError> error = std::nullopt;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view wire, std::size_t step, const RedisReaderLimits& limits = small) {
  RedisReader reader(limits);
  Outcome outcome;
  while (!wire.empty()) {
    std::string_view piece = wire.substr(0, step);
    wire.remove_prefix(piece.size());
    while (!piece.empty()) {
      piece.remove_prefix(reader.feed(piece));
      EXPECT_LE(reader.unparsed_bytes(), limits.unparsed_bytes_max);
      for (;;) {
        auto reply = reader.next();
        if (!reply) {
          outcome.error = reply.error();
          return outcome;
        }
        if (!*reply) break;
        outcome.replies.push_back(**std::move(reply));
      }
    }
  }
  return outcome;
}

RedisReply bulk_of(std::string text) {
  return {.kind = bulk, .text = std::move(text)};
}

TEST(RedisReader, ReadsEveryKindHoweverItIsCut) {
  struct Case {
    std::string_view wire;
    std::vector<RedisReply> replies;
  };
  const Case cases[] = {
      {"", {}},
      {"+OK", {}},
      {"+OK\r\n", {{.kind = status, .text = "OK"}}},
      {"+\r\n", {{.kind = status}}},
      {"-ERR no\r\n", {{.kind = error, .text = "ERR no"}}},
      {":-12\r\n:0\r\n", {{.kind = integer, .integer = -12}, {.kind = integer}}},
      {":9223372036854775807\r\n", {{.kind = integer, .integer = INT64_MAX}}},
      {"$-1\r\n", {{}}},
      {"*-1\r\n", {{}}},
      {"$0\r\n\r\n", {bulk_of("")}},
      {std::string_view("$4\r\n\r\n\0x\r\n", 10), {bulk_of(std::string("\r\n\0x", 4))}},
      {"*0\r\n", {{.kind = array}}},
      {"*2\r\n$1\r\na\r\n*2\r\n:1\r\n*1\r\n$-1\r\n+x\r\n",
       {{.kind = array,
         .elements = {bulk_of("a"),
                      {.kind = array,
                       .elements = {{.kind = integer, .integer = 1}, {.kind = array, .elements = {{}}}}}}},
        {.kind = status, .text = "x"}}},
  };
  for (const auto& [wire, replies] : cases) {
    for (std::size_t step = 1; step <= wire.size() + 1; ++step) {
      EXPECT_EQ(read(wire, step), (Outcome{replies})) << wire << " by " << step;
    }
  }
}

TEST(RedisReader, RefusesWhatIsNoReplyHoweverItIsCut) {
  const std::string bulk_of_60 = "$60\r\n" + std::string(60, 'x') + "\r\n";
  struct Case {
    std::string wire;
    RedisReadError error;
  };
  const Case cases[] = {
      {"HTTP/1.1 400 Bad Request\r\n", RedisReadError::malformed},
      {"%1\r\n", RedisReadError::malformed},
      {"$x\r\n", RedisReadError::malformed},
      {"$-2\r\n", RedisReadError::malformed},
      {"*-2\r\n", RedisReadError::malformed},
      {":12x\r\n", RedisReadError::malformed},
      {":" + std::string(40, '1'), RedisReadError::malformed},
      {"$99999999999999999999\r\n", RedisReadError::malformed},
      {"$101\r\n", RedisReadError::too_large},
      {"$9223372036854775807\r\n", RedisReadError::too_large},
      {"$101\r\n" + std::string(101, 'x') + "\r\n", RedisReadError::too_large},
      {"+" + std::string(52, 'x'), RedisReadError::too_large},
      {"-" + std::string(51, 'x') + "\r\n", RedisReadError::too_large},
      {"*11\r\n", RedisReadError::too_large},
      {"*2147483647\r\n", RedisReadError::too_large},
      {"*2\r\n*5\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n*4\r\n", RedisReadError::too_large},
      {"*3\r\n" + bulk_of_60 + bulk_of_60 + "$31\r\n", RedisReadError::too_large},
      {"*1\r\n*1\r\n*1\r\n*1\r\n", RedisReadError::too_deep},
  };
  for (const auto& [wire, error] : cases) {
    for (std::size_t step = 1; step <= wire.size(); ++step) {
      EXPECT_EQ(read("+before\r\n" + wire, step), (Outcome{{{.kind = status, .text = "before"}}, error}))
          << wire << " by " << step;
    }
  }
}

TEST(RedisReader, TakesWhatIsJustWithinItsLimits) {
  const std::string wire = "$100\r\n" + std::string(100, 'x') + "\r\n+" + std::string(50, 'y') +
                           "\r\n*10\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n:10\r\n";

  EXPECT_EQ(read(wire, 7).replies.size(), 3U);
  EXPECT_EQ(read("*1\r\n*1\r\n*1\r\n:1\r\n", 3).replies.size(), 1U);
}

TEST(RedisReader, NestsSevenDeepAndNoDeeper) {
  std::string seven;
  for (int i = 0; i < 7; ++i) seven += "*1\r\n";

  EXPECT_EQ(read(seven + ":1\r\n", 5, {}).replies.size(), 1U);
  EXPECT_EQ(read(seven + "*1\r\n:1\r\n", 5, {}).error, RedisReadError::too_deep);
}

TEST(RedisReader, TakesNoMoreBytesThanItHasRoomFor) {
  RedisReader reader(small);
  std::string wire;
  while (wire.size() < 400) wire += ":1\r\n";

  const std::size_t taken = reader.feed(wire);

  EXPECT_EQ(taken, small.unparsed_bytes_max);
  EXPECT_EQ(reader.feed(wire), 0U);
  EXPECT_TRUE(reader.next()->has_value());
  EXPECT_EQ(reader.feed(wire), 4U);
}

TEST(RedisReader, AfterAnErrorThereIsOnlyThatError) {
  RedisReader reader(small);
  EXPECT_EQ(reader.feed("?\r\n"), 3U);

  EXPECT_EQ(reader.next().error(), RedisReadError::malformed);
  EXPECT_EQ(reader.feed("+OK\r\n"), 5U);
  EXPECT_EQ(reader.next().error(), RedisReadError::malformed);
}

TEST(RedisReader, AnAnswerCutOffIsGivenBack) {
  RedisReader reader(small);
  static_cast<void>(reader.feed("*2\r\n*1\r\n$5\r\nhello\r\n$3\r\nab"));

  EXPECT_FALSE(reader.next()->has_value());  // the sanitizer sees whether it dies with the reader
}

}  // namespace
}  // namespace relay
