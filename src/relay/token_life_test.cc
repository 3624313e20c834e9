#include "relay/token_life.h"

#include <gtest/gtest.h>

namespace relay {
namespace {

constexpr std::int64_t now_s = 1'700'000'000;
const WallTime now{std::chrono::seconds(now_s)};

double seconds_before_expiry(const TokenClaims& claims, double chance) {
  const TokenLife life = life_of(claims, now, std::chrono::seconds(5), chance);
  return claims.expires_at - std::chrono::duration<double>(life.warn_at.time_since_epoch()).count();
}

TokenClaims token(double issued_at, double expires_at) {
  TokenClaims claims;
  claims.issued_at = issued_at;
  claims.expires_at = expires_at;
  return claims;
}

TEST(TokenLife, WarnsWithinTheContractsWindow) {
  const TokenClaims hour = token(now_s, now_s + 3600);
  EXPECT_NEAR(seconds_before_expiry(hour, 0), 120, 0.01);
  EXPECT_NEAR(seconds_before_expiry(hour, 1), 30, 0.01);

  const TokenClaims brief = token(now_s, now_s + 20);
  EXPECT_NEAR(seconds_before_expiry(brief, 0), 4, 0.01);
  EXPECT_NEAR(seconds_before_expiry(brief, 1), 2, 0.01);
}

TEST(TokenLife, CountsFromConnectWithoutIssuedAt) {
  TokenClaims claims;
  claims.expires_at = now_s + 100;
  EXPECT_NEAR(seconds_before_expiry(claims, 0), 20, 0.01);
}

TEST(TokenLife, WarnsAtOnceWhoConnectsLate) {
  EXPECT_EQ(life_of(token(now_s - 3500, now_s + 100), now, std::chrono::seconds(5), 1).warn_at, now);
  EXPECT_GT(life_of(token(now_s - 3400, now_s + 200), now, std::chrono::seconds(5), 0).warn_at, now);
}

TEST(TokenLife, ATokenForEverLivesAsLongAsTheClock) {
  const TokenLife life = life_of(token(now_s, 253'402'300'799.0), now, std::chrono::seconds(5), 0.5);
  EXPECT_GT(life.warn_at, now + std::chrono::hours(24 * 365 * 100));
  EXPECT_GE(life.close_at, life.warn_at);
}

TEST(TokenLife, EndsAfterTheTolerance) {
  const TokenLife life = life_of(token(now_s, now_s + 60), now, std::chrono::seconds(5), 0.5);
  EXPECT_EQ(life.close_at, now + std::chrono::seconds(65));
}

}  // namespace
}  // namespace relay
