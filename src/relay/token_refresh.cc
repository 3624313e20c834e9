// `relay:token_refresh`: a new token for a socket that stays connected.

#include <string>
#include <utility>

#include "base/random.h"
#include "protocol/json_scanner.h"
#include "relay/relay_namespace.h"

namespace relay {
namespace {

std::string refusal_json(const TokenRefusal& refusal) {
  std::string answer = R"({"ok":false,"code":")";
  answer += to_string(refusal.code);
  if (!refusal.claim.empty()) {
    answer += R"(","claim":")";
    answer += refusal.claim;
  }
  answer += R"("})";
  return answer;
}

}  // namespace

std::expected<TokenClaims, TokenRefusal> RelayNamespace::judge_refresh(const RelaySession& session,
                                                                       const MemberEvent& event) const {
  // What comes behind the token is for a later version.
  std::string_view token_json;
  JsonScanner scanner(event.arguments_json, LocalHub::json_depth_max);
  if (event.arguments_count > 0) token_json = scanner.scan_value().value_or(std::string_view());
  if (token_json.empty() || token_json == "null" || token_json == "\"\"") {
    return std::unexpected(TokenRefusal{TokenRefusalCode::token_missing, {}});
  }
  const auto token =
      json_kind(token_json) == JsonKind::string ? decode_json_string(token_json) : std::nullopt;
  if (!token) return std::unexpected(TokenRefusal{TokenRefusalCode::token_malformed, {}});
  auto claims = verifier_.verify(*token, hub_.loop().clock().wall());
  if (claims && claims->account != session.account) {
    return std::unexpected(TokenRefusal{TokenRefusalCode::claims_invalid, "sub"});
  }
  return claims;
}

void RelayNamespace::refresh_token(RelaySession& session, const MemberEvent& event) {
  Member& member = session.member;
  const auto claims = judge_refresh(session, event);
  if (!claims) {
    publisher_.probe().refresh_refused(claims.error().code);
    log_.info("token refresh refused", {{"socketId", member.id()},
                                        {"code", to_string(claims.error().code)},
                                        {"claim", claims.error().claim}});
    if (event.ack_id) member.acknowledge(*event.ack_id, refusal_json(claims.error()));
    return;
  }
  publisher_.probe().tokens_refreshed.add();
  session.room = claims->session_room;
  session.may_publish = claims->may_publish;
  session.expires_at = claims->expires_at;
  session.life = life_of(*claims, hub_.loop().clock().wall(), options_.clock_tolerance, random_fraction());
  session.warned = false;
  member.set_rooms(rooms_of(*claims));
  if (presence_ != nullptr) presence_->rooms_changed(member);
  if (event.ack_id) {
    member.acknowledge(*event.ack_id, R"({"ok":true,"exp":)" + json_seconds(session.expires_at) + "}");
  }
  log_.debug("token refreshed", {{"socketId", member.id()}});
  if (options_.closes_at_expiry) on_life_timer(session);
}

}  // namespace relay
