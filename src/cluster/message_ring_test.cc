#include "cluster/message_ring.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

using Numbers = std::vector<std::uint64_t>;

Numbers numbers(const MessageRing& ring, std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> found;
  ring.each(first, last, [&](std::uint64_t number, const MessageRing::Raw&) { found.push_back(number); });
  return found;
}

TEST(MessageRing, FindsWhatItHasOfARange) {
  MessageRing ring;
  for (const std::uint64_t number : Numbers{5, 6, 9, 10}) ring.add(number, {"c", std::to_string(number)});
  EXPECT_EQ(numbers(ring, 6, 9), (Numbers{6, 9}));
  EXPECT_EQ(numbers(ring, 0, 5), (Numbers{5}));
  EXPECT_EQ(numbers(ring, 7, 8), (Numbers{}));
  EXPECT_EQ(numbers(ring, 11, 99), (Numbers{}));
}

TEST(MessageRing, ForgetsTheOldestBeyondItsBytes) {
  MessageRing ring;
  const std::string half(MessageRing::bytes_max / 2, 'x');
  for (const std::uint64_t number : Numbers{1, 2, 3}) ring.add(number, {half});
  EXPECT_EQ(numbers(ring, 0, 9), (Numbers{3})) << "two and their records are too many";
}

TEST(MessageRing, BeginsAnewWhenNumbersDo) {
  MessageRing ring;
  ring.add(8, {"a"});
  ring.add(3, {"b"});
  EXPECT_EQ(numbers(ring, 0, 9), (Numbers{3}));
}

}  // namespace
}  // namespace relay
