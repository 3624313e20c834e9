#include "auth/client_token.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/base64.h"

namespace relay {
namespace {

using nlohmann::json;
using enum TokenRefusalCode;

const std::string secret(32, 's');
constexpr std::int64_t now_s = 1'800'000'000;
constexpr WallTime now{std::chrono::seconds(now_s)};
constexpr std::string_view good_header = R"({"alg":"HS256","typ":"JWT"})";

std::string sign(std::string_view header, std::string_view claims, std::string_view key = secret) {
  std::string token;
  append_base64url(token, header);
  token += '.';
  append_base64url(token, claims);
  const Digest signature = hmac_sha256(key, token);
  token += '.';
  append_base64url(token, bytes_of(signature));
  return token;
}

json good_claims() {
  return {{"sub", "ann"},
          {"sessionId", "room-1"},
          {"scope", {"subscribe"}},
          {"iat", now_s},
          {"exp", now_s + 300}};
}

// A token with the good claims, some of them changed or left out.
std::string token_with(const json& changes, std::vector<std::string> without = {}) {
  json claims = good_claims();
  if (!changes.is_null()) claims.update(changes);
  for (const std::string& name : without) claims.erase(name);
  return sign(good_header, claims.dump());
}

TokenRules rules() {
  return {.secrets = {secret}};
}

std::expected<TokenClaims, TokenRefusal> verify(std::string_view token, TokenRules by = rules()) {
  return TokenVerifier(std::move(by)).verify(token, now);
}

void expect_refused(std::string_view token, TokenRefusalCode code, std::string_view claim = {},
                    TokenRules by = rules()) {
  const auto claims = verify(token, std::move(by));
  ASSERT_FALSE(claims) << token;
  EXPECT_EQ(to_string(claims.error().code), to_string(code)) << token;
  EXPECT_EQ(claims.error().claim, claim) << token;
}

TEST(TokenVerifier, ReadsTheClaims) {
  const auto claims = verify(token_with({{"scope", {"publish", "subscribe"}},
                                         {"rooms", {"room-2", "room-1", "room-2", "room-3"}},
                                         {"jti", "id-1"}}));

  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->account, "ann");
  EXPECT_EQ(claims->session_room, "room-1");
  EXPECT_EQ(claims->rooms, (std::vector<std::string>{"room-2", "room-3"}));
  EXPECT_TRUE(claims->may_publish);
  EXPECT_EQ(claims->expires_at, now_s + 300);
  EXPECT_EQ(claims->issued_at, now_s);
  EXPECT_EQ(claims->token_id, "id-1");
}

TEST(TokenVerifier, NeedsNoOptionalClaim) {
  const auto claims = verify(token_with({}, {"iat"}));

  ASSERT_TRUE(claims);
  EXPECT_TRUE(claims->rooms.empty());
  EXPECT_FALSE(claims->may_publish);
  EXPECT_FALSE(claims->issued_at);
  EXPECT_EQ(claims->token_id, "");
}

TEST(TokenVerifier, TakesTheSignatureOfRfc7515) {
  const auto key = decode_base64url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  std::string token =  // appendix A.1
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
      "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  ASSERT_TRUE(key);

  expect_refused(token, claims_invalid, "sub", {.secrets = {*key}});
  token[50] = token[50] == 'a' ? 'b' : 'a';
  expect_refused(token, token_invalid, {}, {.secrets = {*key}});
}

TEST(TokenVerifier, RefusesWhatIsNoToken) {
  expect_refused("", token_missing);
  const std::string good = token_with({});
  for (const std::string& text :
       std::vector<std::string>{"abc",
                                "a.b",
                                "a.b.c.d",
                                "..",
                                ".",
                                "!!!.???.***",
                                "eyJhbGciOiJIUzI1NiJ9",
                                good + ".",
                                "." + good,
                                good + "=",
                                good + " ",
                                " " + good,
                                good.substr(0, good.rfind('.')),
                                std::string(token_bytes_max + 1, 'a'),
                                std::string(100, '.'),
                                sign("", "{}"),
                                sign("{", "{}"),
                                sign("[]", "{}"),
                                sign("{}", "{}"),
                                sign(R"({"alg":256})", "{}"),
                                sign(R"({"alg":null})", "{}"),
                                sign(R"({"alg":["HS256"]})", "{}"),
                                sign(R"({"alg":"HS256","alg":"HS256"})", good_claims().dump()),
                                sign(R"({"alg":"none","\u0061lg":"HS256"})", good_claims().dump()),
                                sign(good_header, ""),
                                sign(good_header, "[]"),
                                sign(good_header, "{"),
                                sign(good_header, "{\"sub\":\"\xff\"}"),
                                sign(good_header, good_claims().dump().insert(1, R"("sub":"bob",)"))}) {
    expect_refused(text, token_malformed);
  }
}

TEST(TokenVerifier, TakesNoOtherAlgorithm) {
  for (const std::string_view algorithm : {"none", "None", "NONE", "nOnE", "", "hs256", "HS384", "HS512",
                                           "RS256", "ES256", "PS256", "EdDSA", "HS256 ", "dir"}) {
    const std::string token = sign(json{{"alg", algorithm}, {"typ", "JWT"}}.dump(), good_claims().dump());
    expect_refused(token, token_invalid);
    expect_refused(token.substr(0, token.rfind('.') + 1), token_invalid);
  }
}

TEST(TokenVerifier, IgnoresWhatElseAHeaderSays) {
  EXPECT_TRUE(verify(sign(R"({"alg":"HS256"})", good_claims().dump())));
  EXPECT_TRUE(
      verify(sign(R"({"alg":"HS256","typ":"at+jwt","kid":"../../etc","jwk":{"kty":"oct","k":"AAAA"}})",
                  good_claims().dump())));
}

TEST(TokenVerifier, RefusesCriticalExtensions) {
  for (const std::string_view critical : {R"(["b64"])", "[]", "null"}) {
    expect_refused(sign(R"({"alg":"HS256","crit":)" + std::string(critical) + "}", good_claims().dump()),
                   token_invalid);
  }
}

TEST(TokenVerifier, ChecksTheSignatureFirst) {
  expect_refused(sign(good_header, good_claims().dump(), std::string(40, 'z')), token_invalid);
  expect_refused(sign(good_header, R"({"exp":1})", "other"), token_invalid);
  expect_refused(sign(good_header, "not json", "other"), token_invalid);
  const std::string good = token_with({});
  const std::string unsigned_text = good.substr(0, good.rfind('.') + 1);
  expect_refused(unsigned_text, token_invalid);
  expect_refused(unsigned_text + "AAAA", token_invalid);
  expect_refused(good, token_invalid, {}, {.secrets = {}});
}

TEST(TokenVerifier, TakesEveryCharacterOfTheTokenSeriously) {
  const std::string good = token_with({});
  ASSERT_TRUE(verify(good));

  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'A', 'B', '_', '.'}) {
      std::string changed = good;
      changed[i] = c;
      EXPECT_EQ(verify(changed).has_value(), changed == good) << changed;
    }
  }
}

TEST(TokenVerifier, AcceptsPreviousSecrets) {
  const TokenRules rotating = {.secrets = {secret, "older-1", "older-2"}};
  for (const std::string_view key : {"older-1", "older-2"}) {
    EXPECT_TRUE(verify(sign(good_header, good_claims().dump(), key), rotating));
  }
  for (const std::string_view key : {"older-3", "older-1,older-2", ""}) {
    expect_refused(sign(good_header, good_claims().dump(), key), token_invalid, {}, rotating);
  }
}

TEST(TokenVerifier, MatchesIssuerAndAudience) {
  const TokenRules ours = {.secrets = {secret}, .issuer = "https://forge.example", .audience = "relay"};
  const auto meant = [&](json iss, json aud) {
    return verify(token_with({{"iss", std::move(iss)}, {"aud", std::move(aud)}}), ours);
  };
  const std::string issuer = *ours.issuer;
  EXPECT_TRUE(meant(issuer, "relay"));
  EXPECT_TRUE(meant(issuer, {"other", "relay"}));
  EXPECT_TRUE(meant(issuer, {1, "relay"}));
  for (const auto& [iss, aud] : std::vector<std::pair<json, json>>{{"https://evil.example", "relay"},
                                                                   {issuer + "/", "relay"},
                                                                   {json::array({issuer}), "relay"},
                                                                   {nullptr, "relay"},
                                                                   {issuer, "other"},
                                                                   {issuer, "relay "},
                                                                   {issuer, {"x", "y"}},
                                                                   {issuer, json::array()},
                                                                   {issuer, {{"relay", "relay"}}},
                                                                   {issuer, 5}}) {
    const auto claims = meant(iss, aud);
    ASSERT_FALSE(claims) << iss << aud;
    EXPECT_EQ(claims.error().code, token_invalid) << iss << aud;
  }
  expect_refused(token_with({{"aud", "relay"}}), token_invalid, {}, ours);
  expect_refused(token_with({{"iss", issuer}}), token_invalid, {}, ours);
  // Whom a token is for comes before what it says.
  expect_refused(sign(good_header, "{}"), token_invalid, {}, ours);
}

struct ClaimCase {
  std::string_view claim;
  std::vector<json> wrong;
};

TEST(TokenVerifier, NamesTheClaimThatIsAgainstItsRule) {
  std::string long_euros;
  for (int i = 0; i < 67; ++i) long_euros += "\u20ac";
  std::vector<std::string> many_rooms;
  for (int i = 0; i < 100; ++i) many_rooms.push_back("further-" + std::to_string(i));
  const std::vector<ClaimCase> cases = {
      {"sub", {"", 5, nullptr, {"a"}, std::string(201, 'x'), "a\nb", std::string("a\0", 2), "\u0085"}},
      {"sessionId", {"", 7, nullptr, {{"a", 1}}, long_euros, "a\nb", "\x7f", "~account/ann", "~"}},
      {"scope",
       {json::array(),
        {"publish"},
        "publish",
        "subscribers",
        5,
        nullptr,
        {"subscribe-all"},
        "subscribe,publish",
        {"subscribe", 1},
        "",
        {"subscribe publish"},
        true,
        {{"subscribe", true}},
        "subscribe\tpublish"}},
      {"rooms",
       {5,
        "room-2",
        nullptr,
        {5},
        {""},
        {"ok", nullptr},
        {"a\nb"},
        {std::string(201, 'x')},
        {"~account/bob"},
        {{"a", "b"}},
        many_rooms}},
      {"exp", {"soon", nullptr, std::to_string(now_s + 300), {now_s}, true}},
      {"iat", {"now", nullptr, false}},
      {"nbf", {"now", nullptr, {{"a", 1}}}},
      {"jti", {5, nullptr, {"a"}}},
  };
  for (const ClaimCase& c : cases) {
    for (const json& value : c.wrong) {
      expect_refused(token_with({{std::string(c.claim), value}}), claims_invalid, c.claim);
    }
  }
  for (const std::string_view claim : {"sub", "sessionId", "scope", "exp"}) {
    expect_refused(token_with({}, {std::string(claim)}), claims_invalid, claim);
  }
}

TEST(TokenVerifier, TakesEveryNameWithinTheRules) {
  std::vector<std::string> rooms;
  for (int i = 0; i < 99; ++i) rooms.push_back(std::string(196, 'r') + std::to_string(100 + i));
  const std::vector<std::string> once = rooms;
  rooms.insert(rooms.end(), once.begin(), once.end());
  rooms.push_back("room-1");
  for (const json& changes : std::vector<json>{{{"sub", "~account/x"}},
                                               {{"sub", std::string(200, 'x')}},
                                               {{"sub", "a\u00a0b \U0001F600"}},
                                               {{"sessionId", std::string(200, 'x')}},
                                               {{"rooms", json::array()}},
                                               {{"rooms", rooms}},
                                               {{"jti", ""}},
                                               {{"scope", {"publish", "subscribe"}}},
                                               {{"scope", "subscribe"}},
                                               {{"scope", "publish subscribe"}},
                                               {{"scope", " subscribe  other "}}}) {
    EXPECT_TRUE(verify(token_with(changes))) << changes;
  }
  EXPECT_EQ(verify(token_with({{"rooms", rooms}}))->rooms, once);
}

TEST(TokenVerifier, HasATolerance) {
  struct Case {
    json changes;
    std::optional<TokenRefusalCode> code;
  };
  for (const Case& c : std::vector<Case>{
           {{{"exp", now_s - 4}}, std::nullopt},
           {{{"exp", now_s - 4.5}}, std::nullopt},
           {{{"exp", now_s - 5}}, token_expired},
           {{{"exp", now_s - 86400}, {"iat", now_s - 90000}}, token_expired},
           {{{"exp", 0}}, token_expired},
           {{{"exp", -1e300}}, token_expired},
           {{{"nbf", now_s + 5}}, std::nullopt},
           {{{"nbf", now_s + 6}}, token_not_yet_valid},
           {{{"nbf", 1e300}}, token_not_yet_valid},
           {{{"nbf", -1e300}}, std::nullopt},
           {{{"iat", now_s + 5}}, std::nullopt},
           {{{"iat", now_s + 5.5}}, token_not_yet_valid},
           {{{"iat", now_s + 3600}, {"exp", now_s + 3700}}, token_not_yet_valid},
           {{{"iat", now_s + 3600}}, token_not_yet_valid},
           {{{"nbf", now_s + 60}, {"exp", now_s - 60}}, token_not_yet_valid},
       }) {
    const auto claims = verify(token_with(c.changes));
    EXPECT_EQ(claims.has_value(), !c.code.has_value()) << c.changes;
    if (c.code && !claims) {
      EXPECT_EQ(claims.error(), (TokenRefusal{*c.code, {}})) << c.changes;
    }
  }
}

TEST(TokenVerifier, WithoutToleranceExpiredIsExpired) {
  const TokenRules strict = {.secrets = {secret}, .clock_tolerance = std::chrono::seconds(0)};
  EXPECT_TRUE(verify(token_with({{"exp", now_s + 1}}), strict));
  expect_refused(token_with({{"exp", now_s}}), token_expired, {}, strict);
}

TEST(TokenVerifier, BoundsTheLife) {
  const TokenRules short_lived = {.secrets = {secret}, .lifetime_max = std::chrono::seconds(600)};
  EXPECT_TRUE(verify(token_with({{"exp", now_s + 600}}), short_lived));
  EXPECT_TRUE(verify(token_with({{"exp", now_s + 605}}, {"iat"}), short_lived));
  expect_refused(token_with({{"exp", now_s + 601}}), claims_invalid, "exp", short_lived);
  expect_refused(token_with({{"exp", now_s + 606}}, {"iat"}), claims_invalid, "exp", short_lived);
  expect_refused(token_with({{"exp", 1e300}}), claims_invalid, "exp", short_lived);
  expect_refused(token_with({{"iat", -1e300}}), claims_invalid, "exp", short_lived);
  // Bad claims come before the times.
  expect_refused(token_with({{"exp", now_s - 10}, {"iat", now_s - 1000}}), claims_invalid, "exp",
                 short_lived);
}

TEST(TokenVerifier, WithoutABoundLivesEndInTheYear9999) {
  const TokenRules endless = {.secrets = {secret}, .lifetime_max = std::chrono::seconds(0)};
  for (const json& exp : std::vector<json>{1e300, 18446744073709551615U, 253402300800}) {
    const auto claims = verify(token_with({{"exp", exp}, {"iat", -5}}), endless);
    ASSERT_TRUE(claims) << exp;
    EXPECT_EQ(claims->expires_at, 253402300799.0);
    EXPECT_EQ(claims->issued_at, 0);
  }
  expect_refused(sign(good_header, R"({"sub":"a","sessionId":"b","scope":"subscribe","exp":1e400})"),
                 token_malformed, {}, endless);
}

TEST(TokenVerifier, ReadsTimesWithAFraction) {
  EXPECT_EQ(verify(token_with({{"exp", now_s + 0.5}}))->expires_at, now_s + 0.5);
}

TEST(MintToken, MakesWhatTheVerifierReads) {
  const TokenRules ours = {.secrets = {secret}, .issuer = "iss", .audience = "aud"};
  const MintRequest request = {.account = "ann",
                               .session_room = "room-1",
                               .scope = {"subscribe", "publish"},
                               .rooms = {"a", "b"},
                               .lifetime = std::chrono::seconds(60),
                               .issuer = "iss",
                               .audience = "aud"};

  const auto claims = TokenVerifier(ours).verify(mint_token(request, secret, now), now);

  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->account, "ann");
  EXPECT_EQ(claims->session_room, "room-1");
  EXPECT_EQ(claims->rooms, request.rooms);
  EXPECT_TRUE(claims->may_publish);
  EXPECT_EQ(claims->issued_at, now_s);
  EXPECT_EQ(claims->expires_at, now_s + 60);
  EXPECT_EQ(claims->token_id.size(), 22U);
}

TEST(MintToken, NeverGivesOneIdTwice) {
  const MintRequest request = {.account = "ann", .session_room = "room-1"};
  EXPECT_NE(mint_token(request, secret, now), mint_token(request, secret, now));
}

TEST(MintToken, StandsBytesThatAreNoText) {
  const MintRequest request = {.account = "\xff", .session_room = "room-1"};
  EXPECT_EQ(verify(mint_token(request, secret, now))->account, "\ufffd");
}

}  // namespace
}  // namespace relay
