#include "relay/token_life.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace relay {
namespace {

constexpr double warn_earliest_s = 120;
constexpr double warn_latest_s = 30;

double seconds_of(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

// The clock counts nanoseconds in 64 bits, which is less than a token may say: what lies beyond the year 2248
// is then.
constexpr double latest_time_s = 8.8e9;

WallTime wall_time(double seconds) {
  seconds = std::min(seconds, latest_time_s);
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::duration<double>(seconds)));
}

}  // namespace

TokenLife life_of(const TokenClaims& claims, WallTime connected, std::chrono::seconds tolerance,
                  double chance) {
  const double begins = claims.issued_at.value_or(seconds_of(connected));
  const double life = std::max(claims.expires_at - begins, 0.0);
  const double earliest = std::min(warn_earliest_s, life / 5);
  const double latest = std::min(warn_latest_s, life / 10);
  const WallTime begins_at = wall_time(claims.expires_at - earliest);
  const WallTime drawn = wall_time(claims.expires_at - (earliest - (earliest - latest) * chance));
  return {.warn_at = connected >= begins_at ? connected : drawn,
          .close_at = wall_time(claims.expires_at) + tolerance};
}

std::string json_seconds(double seconds) {
  std::array<char, 32> text{};
  const bool whole = std::floor(seconds) == seconds && std::abs(seconds) < 1e15;
  const auto end =
      whole ? std::to_chars(text.data(), text.data() + text.size(), static_cast<std::int64_t>(seconds)).ptr
            : std::to_chars(text.data(), text.data() + text.size(), seconds).ptr;
  return {text.data(), end};
}

}  // namespace relay
