// The first byte chooses what the bytes are: a whole token, or a header and claims that are then signed as
// they should be, so that the fuzzer gets past the signature. What is accepted must keep every rule by a
// second look at it.

#include <cmath>
#include <cstdint>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "auth/client_token.h"
#include "auth/name_rule.h"
#include "base/base64.h"
#include "base/check.h"

namespace {

using namespace relay;  // NOLINT(google-build-using-namespace)

constexpr std::string_view secret = "0123456789abcdef0123456789abcdef";
constexpr double now_s = 1'800'000'000;
constexpr double tolerance_s = 5;
constexpr WallTime now{std::chrono::seconds(1'800'000'000)};

const TokenVerifier& verifier() {
  static const TokenVerifier verifier(
      {.secrets = {std::string(secret)}, .lifetime_max = std::chrono::seconds(0)});
  return verifier;
}

std::string signed_token(std::string_view header, std::string_view claims) {
  std::string token;
  append_base64url(token, header);
  token += '.';
  append_base64url(token, claims);
  const Digest signature = hmac_sha256(secret, token);
  token += '.';
  append_base64url(token, bytes_of(signature));
  return token;
}

void check_claims(const TokenClaims& claims) {
  RELAY_CHECK(is_name(claims.account) && is_name(claims.session_room) &&
              !is_private_room(claims.session_room));
  std::set<std::string> rooms = {claims.session_room};
  for (const std::string& room : claims.rooms) {
    RELAY_CHECK(is_name(room) && !is_private_room(room) && rooms.insert(room).second);
  }
  RELAY_CHECK(claims.rooms.size() <= token_rooms_max);
  RELAY_CHECK(std::isfinite(claims.expires_at) && claims.expires_at + tolerance_s > now_s);
  RELAY_CHECK(claims.expires_at < 1e12);
  RELAY_CHECK(!claims.issued_at || (*claims.issued_at >= 0 && *claims.issued_at <= now_s + tolerance_s));
}

// The claims as a reader sees them that keeps the last of two equal keys.
void check_against_plain_reader(std::string_view text, const TokenClaims& claims) {
  const auto plain = nlohmann::json::parse(text);
  RELAY_CHECK(plain.at("sub") == claims.account && plain.at("sessionId") == claims.session_room);
  RELAY_CHECK(plain.value("jti", std::string()) == claims.token_id);
  RELAY_CHECK(plain.contains("iat") == claims.issued_at.has_value());
}

void check_refusal(const TokenRefusal& refusal) {
  RELAY_CHECK((refusal.code == TokenRefusalCode::claims_invalid) == !refusal.claim.empty());
  RELAY_CHECK(refusal.code != TokenRefusalCode::token_revoked);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr std::string_view good_header = R"({"alg":"HS256"})";
  constexpr std::string_view good_claims =
      R"({"sub":"a","sessionId":"b","scope":"subscribe","exp":1800000300})";
  std::string token(text);
  if (data[0] % 3 == 1) token = signed_token(good_header, text);
  if (data[0] % 3 == 2) token = signed_token(text, good_claims);

  const auto claims = verifier().verify(token, now);
  if (!claims) {
    check_refusal(claims.error());
    return 0;
  }
  check_claims(*claims);
  if (data[0] % 3 == 1) check_against_plain_reader(text, *claims);
  return 0;
}
