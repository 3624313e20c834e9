#include "base/base64.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

std::string base64(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

std::string base64url(std::string_view bytes) {
  std::string out;
  append_base64url(out, bytes);
  return out;
}

TEST(Base64, EncodesAndDecodesTheVectorsOfTheStandard) {
  const struct {
    std::string_view bytes;
    std::string_view padded;
  } rows[] = {{"", ""},
              {"f", "Zg=="},
              {"fo", "Zm8="},
              {"foo", "Zm9v"},
              {"foob", "Zm9vYg=="},
              {"fooba", "Zm9vYmE="},
              {"foobar", "Zm9vYmFy"}};
  for (const auto& row : rows) {
    const std::string_view unpadded = row.padded.substr(0, row.padded.find('='));
    EXPECT_EQ(base64(row.bytes), row.padded);
    EXPECT_EQ(base64url(row.bytes), unpadded);
    EXPECT_EQ(decode_base64(row.padded), row.bytes);
    EXPECT_EQ(decode_base64(unpadded), row.bytes);
    EXPECT_EQ(decode_base64url(unpadded), row.bytes);
  }
}

TEST(Base64, AppendsToWhatIsThere) {
  std::string out = "b";
  append_base64(out, "\x01\x02\x03\x04");
  EXPECT_EQ(out, "bAQIDBA==");
}

TEST(Base64, ReadsBothAlphabetsWhereItIsLenient) {
  EXPECT_EQ(decode_base64("-_-_"), "\xFB\xFF\xBF");
  EXPECT_EQ(decode_base64("+/+/"), "\xFB\xFF\xBF");
  EXPECT_EQ(decode_base64("Zh=="), "f");  // unused bits
}

TEST(Base64, RefusesGarbageAlsoWhereItIsLenient) {
  for (const std::string_view text : {"A", "AAAAA", "Zg=", "Z===", "=", "====", "Zg==Zg==", "Zm9v=", "Zm 9v",
                                      "Zm9v\n", "Zm9\x80", "Zm9.", "Zg==="}) {
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
  }
}

TEST(Base64Url, HasOneSpellingOnly) {
  EXPECT_EQ(decode_base64url("-_-_"), "\xFB\xFF\xBF");
  for (const std::string_view text : {"Zg==", "Zh", "Zm9", "+/+/", "Z", "Zg=", " Zg"}) {
    EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace relay
