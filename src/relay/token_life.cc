#include "relay/token_life.h"

#include <algorithm>
#include <chrono>

namespace relay {
namespace {

constexpr double warn_earliest_s = 120;
constexpr double warn_latest_s = 30;

double seconds_of(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

WallTime wall_time(double seconds) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(seconds)));
}

}  // namespace

TokenLife life_of(const TokenClaims& claims, WallTime connected, std::chrono::seconds tolerance,
                  double chance) {
  const double begins = claims.issued_at.value_or(seconds_of(connected));
  const double life = std::max(claims.expires_at - begins, 0.0);
  const double earliest = std::min(warn_earliest_s, life / 5);
  const double latest = std::min(warn_latest_s, life / 10);
  return {.warn_at = wall_time(claims.expires_at - (earliest - (earliest - latest) * chance)),
          .close_at = wall_time(claims.expires_at) + tolerance};
}

}  // namespace relay
