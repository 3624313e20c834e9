#include "auth/client_token.h"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "auth/name_rule.h"
#include "auth/strict_json.h"
#include "base/base64.h"
#include "base/random.h"

namespace relay {
namespace {

using nlohmann::json;

constexpr double year_9999_s = 253402300799.0;

std::unexpected<TokenRefusal> refuse(TokenRefusalCode code, std::string_view claim = {}) {
  return std::unexpected(TokenRefusal{code, claim});
}

double seconds_since_epoch(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

const json* find(const json& object, std::string_view key) {
  const auto at = object.find(key);
  return at == object.end() ? nullptr : &*at;
}

const std::string* find_string(const json& object, std::string_view key) {
  const json* const value = find(object, key);
  return value == nullptr ? nullptr : value->get_ptr<const std::string*>();
}

// The three parts of a JWS in compact serialization (RFC 7515 §7.1).
struct Parts {
  std::string header;
  std::string claims;
  std::string signature;
  std::string_view signed_text;
};

std::optional<Parts> split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  auto header = decode_base64url(token.substr(0, first));
  auto claims = decode_base64url(token.substr(first + 1, second - first - 1));
  auto signature = decode_base64url(token.substr(second + 1));  // fails when there is a third dot
  if (!header || !claims || !signature) return std::nullopt;
  return Parts{std::move(*header), std::move(*claims), std::move(*signature), token.substr(0, second)};
}

std::expected<void, TokenRefusal> check_header(std::string_view text) {
  // What nearly all libraries write, and to parse it would be a quarter of the whole work.
  if (text == R"({"alg":"HS256","typ":"JWT"})" || text == R"({"typ":"JWT","alg":"HS256"})") return {};
  const auto header = parse_strict_object(text);
  if (!header) return refuse(TokenRefusalCode::token_malformed);
  const std::string* const algorithm = find_string(*header, "alg");
  if (algorithm == nullptr) return refuse(TokenRefusalCode::token_malformed);
  if (*algorithm != "HS256") return refuse(TokenRefusalCode::token_invalid);
  // We understand no extension, and these must not be ignored (RFC 7515 §4.1.11).
  if (header->contains("crit")) return refuse(TokenRefusalCode::token_invalid);
  return {};
}

bool is_signed(const Parts& parts, const std::vector<HmacKey>& keys) {
  return std::ranges::any_of(keys, [&](const HmacKey& key) {
    return equal_in_constant_time(bytes_of(key.sign(parts.signed_text)), parts.signature);
  });
}

bool names_audience(const json* claim, std::string_view audience) {
  if (claim == nullptr) return false;
  const auto is_it = [&](const json& value) {
    const auto* const text = value.get_ptr<const std::string*>();
    return text != nullptr && *text == audience;
  };
  return claim->is_array() ? std::ranges::any_of(*claim, is_it) : is_it(*claim);
}

bool is_meant_for_us(const json& claims, const TokenRules& rules) {
  if (rules.issuer) {
    const std::string* const issuer = find_string(claims, "iss");
    if (issuer == nullptr || *issuer != *rules.issuer) return false;
  }
  return !rules.audience || names_audience(find(claims, "aud"), *rules.audience);
}

struct Scope {
  bool subscribe = false;
  bool publish = false;

  void add(std::string_view word) {
    subscribe = subscribe || word == "subscribe";
    publish = publish || word == "publish";
  }
};

// Nullopt if it is neither an array of strings nor a string of words with spaces between (RFC 8693 §4.2).
std::optional<Scope> read_scope(const json* claim) {
  if (claim == nullptr) return std::nullopt;
  Scope scope;
  if (const auto* const text = claim->get_ptr<const std::string*>()) {
    for (std::string_view rest = *text; !rest.empty();) {
      const std::size_t space = rest.find(' ');
      scope.add(rest.substr(0, space));
      rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
    }
    return scope;
  }
  if (!claim->is_array()) return std::nullopt;
  for (const json& word : *claim) {
    const auto* const text = word.get_ptr<const std::string*>();
    if (text == nullptr) return std::nullopt;
    scope.add(*text);
  }
  return scope;
}

bool is_room(const std::string* text) {
  return text != nullptr && is_name(*text) && !is_private_room(*text);
}

// Adds what `claim` names to the rooms. False if it is against its rule.
bool read_rooms(const json* claim, TokenClaims& claims) {
  if (claim == nullptr) return true;
  if (!claim->is_array()) return false;
  for (const json& room : *claim) {
    const auto* const name = room.get_ptr<const std::string*>();
    if (!is_room(name)) return false;
    if (*name == claims.session_room || std::ranges::find(claims.rooms, *name) != claims.rooms.end())
      continue;
    if (claims.rooms.size() == token_rooms_max) return false;
    claims.rooms.push_back(*name);
  }
  return true;
}

// The claims that hold names, and the scope.
std::expected<TokenClaims, TokenRefusal> read_names(const json& claims) {
  constexpr TokenRefusalCode invalid = TokenRefusalCode::claims_invalid;
  TokenClaims out;
  const std::string* const account = find_string(claims, "sub");
  if (account == nullptr || !is_name(*account)) return refuse(invalid, "sub");
  out.account = *account;
  const std::string* const session_room = find_string(claims, "sessionId");
  if (!is_room(session_room)) return refuse(invalid, "sessionId");
  out.session_room = *session_room;
  const auto scope = read_scope(find(claims, "scope"));
  if (!scope || !scope->subscribe) return refuse(invalid, "scope");
  out.may_publish = scope->publish;
  if (!read_rooms(find(claims, "rooms"), out)) return refuse(invalid, "rooms");
  if (const json* const token_id = find(claims, "jti")) {
    if (!token_id->is_string()) return refuse(invalid, "jti");
    out.token_id = token_id->get_ref<const std::string&>();
  }
  return out;
}

struct Times {
  double expires_at = 0;
  std::optional<double> issued_at;
  std::optional<double> not_before;
};

// NumericDate (RFC 7519 §2), with or without a fraction. The parser lets no infinity and no NaN through.
bool read_time(const json* claim, std::optional<double>& out) {
  if (claim == nullptr) return true;
  if (!claim->is_number()) return false;
  out = claim->get<double>();
  return true;
}

std::expected<Times, TokenRefusal> read_times(const json& claims) {
  constexpr TokenRefusalCode invalid = TokenRefusalCode::claims_invalid;
  Times times;
  std::optional<double> expires_at;
  if (!read_time(find(claims, "exp"), expires_at) || !expires_at) return refuse(invalid, "exp");
  times.expires_at = *expires_at;
  if (!read_time(find(claims, "iat"), times.issued_at)) return refuse(invalid, "iat");
  if (!read_time(find(claims, "nbf"), times.not_before)) return refuse(invalid, "nbf");
  return times;
}

std::expected<void, TokenRefusal> check_times(const Times& times, const TokenRules& rules, double now) {
  const auto tolerance = static_cast<double>(rules.clock_tolerance.count());
  const auto lifetime_max = static_cast<double>(rules.lifetime_max.count());
  // Without iat the two clocks are compared, so their difference counts.
  const double lifetime =
      times.issued_at ? times.expires_at - *times.issued_at : times.expires_at - now - tolerance;
  if (lifetime_max > 0 && lifetime > lifetime_max) return refuse(TokenRefusalCode::claims_invalid, "exp");
  const double latest_start = now + tolerance;
  if (times.not_before.value_or(0) > latest_start || times.issued_at.value_or(0) > latest_start) {
    return refuse(TokenRefusalCode::token_not_yet_valid);
  }
  if (now >= times.expires_at + tolerance) return refuse(TokenRefusalCode::token_expired);
  return {};
}

std::vector<HmacKey> keys_of(const std::vector<std::string>& secrets) {
  std::vector<HmacKey> keys;
  keys.reserve(secrets.size());
  for (const std::string& secret : secrets) keys.emplace_back(secret);
  return keys;
}

}  // namespace

std::string_view to_string(TokenRefusalCode code) noexcept {
  switch (code) {
    case TokenRefusalCode::token_missing:
      return "token_missing";
    case TokenRefusalCode::token_malformed:
      return "token_malformed";
    case TokenRefusalCode::token_invalid:
      return "token_invalid";
    case TokenRefusalCode::token_expired:
      return "token_expired";
    case TokenRefusalCode::token_not_yet_valid:
      return "token_not_yet_valid";
    case TokenRefusalCode::claims_invalid:
      return "claims_invalid";
    case TokenRefusalCode::token_revoked:
      return "token_revoked";
  }
  return "token_invalid";
}

TokenVerifier::TokenVerifier(TokenRules rules) : rules_(std::move(rules)), keys_(keys_of(rules_.secrets)) {
  rules_.secrets.clear();
}

std::expected<TokenClaims, TokenRefusal> TokenVerifier::verify(std::string_view token, WallTime now) const {
  if (token.empty()) return refuse(TokenRefusalCode::token_missing);
  if (token.size() > token_bytes_max) return refuse(TokenRefusalCode::token_malformed);
  const auto parts = split(token);
  if (!parts) return refuse(TokenRefusalCode::token_malformed);
  if (const auto header = check_header(parts->header); !header) return std::unexpected(header.error());
  // Must come before the claims are read: until here anybody may have written them.
  if (!is_signed(*parts, keys_)) return refuse(TokenRefusalCode::token_invalid);

  const auto object = parse_strict_object(parts->claims);
  if (!object) return refuse(TokenRefusalCode::token_malformed);
  if (!is_meant_for_us(*object, rules_)) return refuse(TokenRefusalCode::token_invalid);
  auto claims = read_names(*object);
  if (!claims) return claims;
  const auto times = read_times(*object);
  if (!times) return std::unexpected(times.error());
  if (const auto valid = check_times(*times, rules_, seconds_since_epoch(now)); !valid) {
    return std::unexpected(valid.error());
  }
  claims->expires_at = std::clamp(times->expires_at, 0.0, year_9999_s);
  if (times->issued_at) claims->issued_at = std::clamp(*times->issued_at, 0.0, year_9999_s);
  return claims;
}

std::string mint_token(const MintRequest& request, std::string_view secret, WallTime now) {
  constexpr std::size_t token_id_length = 22;  // 132 random bits
  const auto issued_at = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  json claims = {{"sub", request.account},
                 {"sessionId", request.session_room},
                 {"scope", request.scope},
                 {"iat", issued_at.count()},
                 {"exp", (issued_at + request.lifetime).count()},
                 {"jti", random_token(token_id_length)}};
  if (!request.rooms.empty()) claims["rooms"] = request.rooms;
  if (request.issuer) claims["iss"] = *request.issuer;
  if (request.audience) claims["aud"] = *request.audience;

  std::string token;
  append_base64url(token, R"({"alg":"HS256","typ":"JWT"})");
  token += '.';
  append_base64url(token, claims.dump(-1, ' ', false, json::error_handler_t::replace));
  const Digest signature = hmac_sha256(secret, token);
  token += '.';
  append_base64url(token, bytes_of(signature));
  return token;
}

}  // namespace relay
