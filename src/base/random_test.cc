#include "base/random.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

TEST(Random, TokensAreUrlSafeAndDoNotRepeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) {
    const std::string token = random_token(22);
    EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_TRUE(seen.insert(token).second);
  }
}

TEST(Random, FillsMoreThanThePoolHolds) {
  std::array<std::byte, 5000> bytes{};
  fill_random(bytes);
  std::set<std::byte> distinct(bytes.begin(), bytes.end());
  EXPECT_GT(distinct.size(), 200U);
}

}  // namespace
}  // namespace relay
