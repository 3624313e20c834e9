#pragma once
// Client tokens: JSON Web Tokens (RFC 7519) signed with HS256 (RFC 7515, RFC 7518 §3.2), and nothing else.
//
// The order in which a token is judged: its form, its algorithm and signature, issuer and audience, the
// claims against their rules, the times. So an expired token with a wrong signature is invalid, and one with
// a claim against its rule is invalid even when it has expired.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/hmac.h"
#include "base/clock.h"

namespace relay {

inline constexpr std::size_t token_rooms_max = 99;         // besides the session's own
inline constexpr std::size_t token_bytes_max = 64 * 1024;  // 100 rooms of 200 bytes fit

struct TokenClaims {
  std::string account;             // sub
  std::string session_room;        // sessionId
  std::vector<std::string> rooms;  // further ones, each once, without session_room
  bool may_publish = false;
  // Seconds since 1970, kept between 0 and the year 9999 whatever the token says.
  double expires_at = 0;
  std::optional<double> issued_at;
  std::string token_id;  // jti, or empty
};

enum class TokenRefusalCode : std::uint8_t {
  token_missing,    // empty
  token_malformed,  // not a JWT, or no algorithm is named
  token_invalid,    // signature, algorithm, critical extension, issuer or audience
  token_expired,
  token_not_yet_valid,  // nbf or iat in the future
  claims_invalid,       // `claim` is missing or against its rule
  token_revoked,        // never said by TokenVerifier, which knows no revocations
};

[[nodiscard]] std::string_view to_string(TokenRefusalCode code) noexcept;

struct TokenRefusal {
  TokenRefusalCode code;
  std::string_view claim;  // a literal; only with claims_invalid, else empty

  friend bool operator==(const TokenRefusal&, const TokenRefusal&) = default;
};

struct TokenRules {
  std::vector<std::string> secrets{};  // the current one first, then those still accepted
  std::optional<std::string> issuer{};
  std::optional<std::string> audience{};
  std::chrono::seconds clock_tolerance{5};
  // Longest exp - iat; from now (with the tolerance) when there is no iat. 0 = any.
  std::chrono::seconds lifetime_max{86400};
};

// Threading: immutable.
class TokenVerifier {
 public:
  explicit TokenVerifier(TokenRules rules);

  [[nodiscard]] std::expected<TokenClaims, TokenRefusal> verify(std::string_view token, WallTime now) const;

 private:
  TokenRules rules_;
  std::vector<HmacKey> keys_;
};

struct MintRequest {
  std::string account{};
  std::string session_room{};
  std::vector<std::string> scope{"subscribe"};
  std::vector<std::string> rooms{};  // left out when empty
  std::chrono::seconds lifetime{300};
  std::optional<std::string> issuer{};
  std::optional<std::string> audience{};
};

// A token with iat `now` and a random jti. Checks no rule, so that one can mint what the relay refuses; bytes
// that are not UTF-8 become U+FFFD.  Threading: any.
[[nodiscard]] std::string mint_token(const MintRequest& request, std::string_view secret, WallTime now);

}  // namespace relay
