#include "base/utf8.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace relay {
namespace {

const std::vector<std::string> valid_texts = {"",
                                              "plain",
                                              "h\xC3\xA9",
                                              "\xE2\x82\xAC",
                                              "\xF0\x9F\x98\x80",
                                              "\xED\x9F\xBF\xEE\x80\x80",
                                              "\xF4\x8F\xBF\xBF",
                                              std::string(100, 'a') + "\xC2\x80" + std::string(100, 'b'),
                                              std::string("a\0b", 3)};

// Each is valid up to its last byte.
const std::vector<std::string> broken_texts = {"a\x80",
                                               "\xC0",
                                               "\xC1",
                                               "\xF5",
                                               "\xFF",
                                               "\xC3(",
                                               "\xE0\x80",
                                               "\xED\xA0",
                                               "\xF0\x80",
                                               "\xF4\x90",
                                               "\xE2\x82(",
                                               "\xF0\x9F\x98(",
                                               std::string(70, 'a') + "\xC3\xC3"};

TEST(Utf8, KnowsWhatIsValid) {
  for (const std::string& text : valid_texts) EXPECT_TRUE(is_valid_utf8(text)) << text;
  for (const std::string& text : broken_texts) EXPECT_FALSE(is_valid_utf8(text)) << text;
  EXPECT_FALSE(is_valid_utf8("\xE2\x82"));
}

TEST(Utf8Validator, AcceptsAValidTextInPiecesOfAnySize) {
  for (const std::string& text : valid_texts) {
    for (std::size_t step = 1; step <= 5; ++step) {
      Utf8Validator validator;
      for (std::size_t at = 0; at < text.size(); at += step) {
        ASSERT_TRUE(validator.feed(std::string_view(text).substr(at, step))) << text;
      }
      EXPECT_TRUE(validator.complete());
    }
  }
}

TEST(Utf8Validator, FailsAtTheByteThatBreaksTheText) {
  for (const std::string& text : broken_texts) {
    Utf8Validator validator;
    ASSERT_TRUE(validator.feed(std::string_view(text).substr(0, text.size() - 1))) << text;
    EXPECT_FALSE(validator.feed(std::string_view(text).substr(text.size() - 1))) << text;
    validator.reset();
    EXPECT_FALSE(validator.feed(text)) << text;
  }
}

TEST(Utf8Validator, KnowsThatACharacterIsNotComplete) {
  Utf8Validator validator;
  ASSERT_TRUE(validator.feed("abc\xF0\x9F\x98"));
  EXPECT_FALSE(validator.complete());
  ASSERT_TRUE(validator.feed("\x80"));
  EXPECT_TRUE(validator.complete());
}

TEST(Utf8, FindsControlCharacters) {
  for (const char* text : {"\x01", "a\nb", "\x7F", "\xC2\x80", "\xC2\x9F", "h\xC3\xA9\x1F"}) {
    EXPECT_TRUE(has_control_character(text)) << text;
  }
  for (const char* text : {"", " ~", "\xC2\xA0", "h\xC3\x80", "\xE2\x82\x80"}) {
    EXPECT_FALSE(has_control_character(text)) << text;
  }
}

TEST(Utf8, ReplacesEachMaximalWrongPartOnce) {
  const struct {
    std::string_view text;
    std::string_view expected;
  } rows[] = {
      {"valid \xE2\x82\xAC", "valid \xE2\x82\xAC"},
      {"a\x80"
       "b",
       "a\uFFFD"
       "b"},
      {"\xE2\x82", "\uFFFD"},
      {"\xE2\x82"
       "A",
       "\uFFFD"
       "A"},
      {"\xF0\x9F\x98\xF0\x9F\x98\x80", "\uFFFD\U0001F600"},
      {"\xC0\x80", "\uFFFD\uFFFD"},
      {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},
      {"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
  };
  for (const auto& row : rows) EXPECT_EQ(replace_invalid_utf8(row.text), row.expected);
}

}  // namespace
}  // namespace relay
