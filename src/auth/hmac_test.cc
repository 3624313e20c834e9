#include "auth/hmac.h"

#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace relay {
namespace {

std::string hex(const Digest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

struct HmacVector {
  std::string key;
  std::string data;
  std::string_view digest;
};

// RFC 4231 §4; case 5 is about truncation.
const std::vector<HmacVector>& vectors() {
  static const std::vector<HmacVector> list = {
      {std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19",
       std::string(50, '\xcd'), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs "
       "to be "
       "hashed before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
  };
  return list;
}

TEST(Hmac, GivesTheDigestsOfRfc4231) {
  for (const HmacVector& vector : vectors())
    EXPECT_EQ(hex(hmac_sha256(vector.key, vector.data)), vector.digest);
}

TEST(HmacKey, SignsAgainAndAgain) {
  for (const HmacVector& vector : vectors()) {
    const HmacKey key(vector.key);

    EXPECT_EQ(hex(key.sign(vector.data)), vector.digest);
    EXPECT_NE(hex(key.sign(vector.data + "x")), vector.digest);
    EXPECT_EQ(hex(key.sign(vector.data)), vector.digest);
  }
}

TEST(HmacKey, IsSharedByThreads) {
  const HmacKey key("Jefe");
  const Digest want = hmac_sha256("Jefe", "data");
  std::vector<std::jthread> threads;

  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 1000; ++round) EXPECT_EQ(key.sign("data"), want);
    });
  }
}

TEST(Hmac, TakesEmptyKeysAndData) {
  EXPECT_EQ(hex(hmac_sha256("", "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Sha256, GivesTheDigestsOfFips180) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, DoesNotCareHowDataIsCut) {
  Sha256 hash;

  hash.update("a");
  hash.update("");
  hash.update("bc");

  EXPECT_EQ(hash.finish(), sha256("abc"));
}

TEST(EqualInConstantTime, ComparesLengthAndBytes) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("key", "key"));
  EXPECT_FALSE(equal_in_constant_time("key", "kez"));
  EXPECT_FALSE(equal_in_constant_time("key", "keyx"));
  EXPECT_FALSE(equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace relay
