#include "cluster/settings_fingerprint.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

using Names = std::vector<std::string>;
using Settings = std::vector<Setting>;

SettingsFingerprint of(const Settings& settings) {
  return fingerprint_of(settings, "a secret of the cluster");
}

// HMAC-SHA-256 under HKDF(secret, "socket-relay settings 1"), computed with Python's hmac.
TEST(SettingsFingerprint, IsTheSameInEveryVersion) {
  EXPECT_EQ(of({{"ADAPTER", "streams"}}), (SettingsFingerprint{{"ADAPTER", "7e81c0dd"}}));
}

TEST(SettingsFingerprint, NamesWhatDiffers) {
  const auto mine = of({{"ADAPTER", "streams"}, {"KEY_PREFIX", "a"}, {"NONCE_TTL_S", "60"}});
  const auto theirs = of({{"ADAPTER", "pubsub"}, {"KEY_PREFIX", "a"}, {"NONCE_TTL_S", "61"}});

  EXPECT_EQ(differing_settings(mine, theirs), (Names{"ADAPTER", "NONCE_TTL_S"}));
  EXPECT_EQ(differing_settings(mine, mine), Names{});
}

TEST(SettingsFingerprint, DoesNotBlameASettingThatOnlyOneKnows) {
  const auto mine = of({{"ADAPTER", "streams"}});
  const auto theirs = of({{"ADAPTER", "streams"}, {"NEW_IN_THE_NEXT_VERSION", "1"}});

  EXPECT_EQ(differing_settings(mine, theirs), Names{});
  EXPECT_EQ(differing_settings(theirs, mine), Names{});
  EXPECT_EQ(differing_settings(mine, {}), Names{});
}

TEST(SettingsFingerprint, TellsNothingToWhoDoesNotKnowTheSecret) {
  const Settings settings = {{"JWT_SIGNING_SECRET", "the same"}, {"WEBHOOK_SECRET", "the same"}};

  const auto fingerprint = of(settings);

  EXPECT_NE(fingerprint.at("JWT_SIGNING_SECRET"), fingerprint.at("WEBHOOK_SECRET"));
  EXPECT_NE(fingerprint.at("WEBHOOK_SECRET"), fingerprint_of(settings, "another").at("WEBHOOK_SECRET"));
  EXPECT_EQ(fingerprint.at("WEBHOOK_SECRET").size(), setting_hash_digits);
}

TEST(SettingsFingerprint, TellsAnEmptyValueFromAnother) {
  EXPECT_EQ(differing_settings(of({{"ADAPTER", ""}}), of({{"ADAPTER", "x"}})), (Names{"ADAPTER"}));
}

}  // namespace
}  // namespace relay
