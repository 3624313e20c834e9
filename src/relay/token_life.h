#pragma once
// When a socket's token makes itself felt: once before it expires, and when it has.
//
// Threading: pure; any.

#include <optional>
#include <string>

#include "auth/client_token.h"
#include "base/clock.h"

namespace relay {

struct TokenLife {
  WallTime warn_at;   // `relay:token_expiring`
  WallTime close_at;  // exp and the tolerance
};

// `chance`, 0..1, places the warning between exp - min(120 s, life/5) and exp - min(30 s, life/10), so that
// the clients of one deployment do not all ask for a new token in the same second; who connects later than
// the first of these is warned at once. A life without `iat` counts from `connected`.
[[nodiscard]] TokenLife life_of(const TokenClaims& claims, WallTime connected, std::chrono::seconds tolerance,
                                double chance);

// Seconds since 1970 as JSON: whole ones as an integer, else with their fraction.
[[nodiscard]] std::string json_seconds(double seconds);

}  // namespace relay
