#include "auth/api_key.h"

#include <string>

#include <gtest/gtest.h>

namespace relay {
namespace {

constexpr std::string_view first = "first-key-first-key";
constexpr std::string_view second = "second-key-second-key";
// Of "plain-qqqqqqqqqqqqqqqqqqqq".
constexpr std::string_view hashed = "plain-qqqqqqqqqqqqqqqqqqqq";

std::string hex_of(std::string_view key) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : sha256(key)) {
    text += digits[byte >> 4U];
    text += digits[byte & 15U];
  }
  return text;
}

TEST(ApiKeys, FindsEveryKeyOfTheList) {
  const auto keys = ApiKeys::parse(std::string(first) + " , " + std::string(second));

  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->count(), 2U);
  EXPECT_EQ(keys->find(first), 0U);
  EXPECT_EQ(keys->find(second), 1U);
}

TEST(ApiKeys, FindsNothingElse) {
  const auto keys = ApiKeys::parse(std::string(first) + "," + std::string(second));

  ASSERT_TRUE(keys);
  const std::string longer = std::string(first) + "x";
  const std::string both = std::string(first) + "," + std::string(second);
  for (const std::string_view wrong :
       {std::string_view(), first.substr(1), first.substr(0, first.size() - 1), std::string_view(longer),
        std::string_view(both), std::string_view("FIRST-KEY-FIRST-KEY"),
        std::string_view(" first-key-first-key")}) {
    EXPECT_FALSE(keys->find(wrong)) << wrong;
  }
}

TEST(ApiKeys, KnowsAKeyByItsDigest) {
  const std::string hex = hex_of(hashed);
  const auto keys = ApiKeys::parse("sha256:" + hex + "," + std::string(first));

  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->find(hashed), 0U);
  EXPECT_EQ(keys->find(first), 1U);
  EXPECT_FALSE(keys->find(hex));
  EXPECT_FALSE(keys->find("sha256:" + hex));
}

TEST(ApiKeys, TakesHexDigitsInAnyCase) {
  std::string hex = hex_of(hashed);
  for (char& c : hex) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;

  const auto keys = ApiKeys::parse("sha256:" + hex);

  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->find(hashed), 0U);
}

TEST(ApiKeys, OffersTheFirstPlainKey) {
  const std::string digest = "sha256:" + hex_of(hashed);

  EXPECT_EQ(ApiKeys::parse(digest + "," + std::string(first) + "," + std::string(second))->first_plain(),
            first);
  EXPECT_EQ(ApiKeys::parse(digest)->first_plain(), std::nullopt);
}

TEST(ApiKeys, SaysWhatIsWrongAndNotTheKey) {
  struct Case {
    std::string list;
    std::string_view problem;
  };
  const std::string good(16, 'k');
  for (const Case& c : {
           Case{"", "entry 1 is empty"},
           Case{good + ",", "entry 2 is empty"},
           Case{"," + good, "entry 1 is empty"},
           Case{std::string(15, 'k'), "entry 1 must have at least 16 bytes"},
           Case{good + ", short ", "entry 2 must have at least 16 bytes"},
           Case{"sha256:" + std::string(63, 'a'), "entry 1 must have 64 hex digits after sha256:"},
           Case{"sha256:" + std::string(65, 'a'), "entry 1 must have 64 hex digits after sha256:"},
           Case{"sha256:" + std::string(63, 'a') + "g", "entry 1 must have 64 hex digits after sha256:"},
       }) {
    const auto keys = ApiKeys::parse(c.list);
    ASSERT_FALSE(keys) << c.list;
    EXPECT_EQ(keys.error(), c.problem) << c.list;
  }
}

}  // namespace
}  // namespace relay
