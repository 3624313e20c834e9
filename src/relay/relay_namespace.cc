#include "relay/relay_namespace.h"

#include <algorithm>
#include <utility>

#include "auth/name_rule.h"
#include "base/random.h"
#include "base/time_text.h"
#include "net/http_message.h"
#include "protocol/json_scanner.h"
#include "relay/token_life.h"

namespace relay {
namespace {

struct BearerToken final : HandshakeData {
  explicit BearerToken(std::string_view text) : token(text) {}
  std::string token;
};

std::chrono::milliseconds until(WallTime when, WallTime now) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(when - now), std::chrono::milliseconds(0));
}

}  // namespace

void RelaySession::on_timer() {
  owner_.on_life_timer(*this);
}

std::string_view to_string(ClosingCode code) noexcept {
  switch (code) {
    case ClosingCode::token_expired:
      return "token_expired";
    case ClosingCode::draining:
      return "draining";
  }
  return "";
}

std::unique_ptr<HandshakeData> read_bearer_token(const HttpRequest& request) {
  constexpr std::string_view scheme = "Bearer ";
  const auto header = request.header("Authorization");
  if (!header || !equals_ignoring_case(header->substr(0, scheme.size()), scheme)) return nullptr;
  std::string_view token = header->substr(scheme.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  return std::make_unique<BearerToken>(token);
}

RelayNamespace::RelayNamespace(LocalHub& hub, const TokenVerifier& verifier, const PrivateIds& private_ids,
                               const ClientEventRules& rules, Publisher& publisher, RoomPresence* presence,
                               Log& log, const RelayNamespaceOptions& options)
    : hub_(hub),
      verifier_(verifier),
      private_ids_(private_ids),
      rules_(rules),
      publisher_(publisher),
      presence_(presence),
      log_(log),
      options_(options) {}

RelayNamespace::~RelayNamespace() = default;

// ---- connecting

ConnectDecision RelayNamespace::on_connect(Member& member, std::string_view auth_json,
                                           const HandshakeData* handshake) {
  const ConnectRequest request = parse_connect_request(auth_json);
  std::string token;
  if (!request.token_json.empty()) {
    const auto text = json_kind(request.token_json) == JsonKind::string
                          ? decode_json_string(request.token_json)
                          : std::nullopt;
    if (!text) return refuse(member, {TokenRefusalCode::token_malformed, {}});
    token = *text;
  } else if (const auto* const bearer = dynamic_cast<const BearerToken*>(handshake)) {
    token = bearer->token;
  }
  if (token.empty()) return refuse(member, {TokenRefusalCode::token_missing, {}});

  const WallTime now = hub_.loop().clock().wall();
  const auto claims = verifier_.verify(token, now);
  if (!claims) return refuse(member, claims.error());

  auto session = std::make_unique<RelaySession>(*this, member, *claims);
  session->life = life_of(*claims, now, options_.clock_tolerance, random_fraction());
  session->connected_at = hub_.loop().now();
  Admitted admitted{.rooms = rooms_of(*claims)};
  ResumeWish wish = resume_wish(request, claims->account, private_ids_, hub_.log().epoch().text());
  if (wish.is_asked && hub_.log().follows_bus() && !member.is_in_sync()) {
    // It comes from a node that was ahead of this one, or that knew of a newer epoch.
    const bool is_ahead = !wish.resume || wish.resume->after >= hub_.log().head();
    if (is_ahead) return OnceInSync{};
  }
  if (wish.is_asked) {
    if (hub_.log().retains()) admitted.resume = wish.resume;
    session->wish = std::make_unique<ResumeWish>(std::move(wish));
  }
  admitted.data = std::move(session);
  return admitted;
}

std::vector<std::string> RelayNamespace::rooms_of(const TokenClaims& claims) {
  std::vector<std::string> rooms;
  rooms.reserve(claims.rooms.size() + 2);
  rooms.push_back(claims.session_room);
  rooms.insert(rooms.end(), claims.rooms.begin(), claims.rooms.end());
  rooms.push_back(std::string(account_room_prefix) + claims.account);
  return rooms;
}

ConnectDecision RelayNamespace::refuse(const Member& member, const TokenRefusal& refusal) {
  publisher_.probe().token_refused(refusal.code);
  const std::string_view code = to_string(refusal.code);
  log_.info("handshake refused",
            {{"code", code}, {"claim", refusal.claim}, {"ip", member.client_address().to_string()}});
  std::string data = R"({"code":")";
  data += code;
  if (!refusal.claim.empty()) {
    data += R"(","claim":")";
    data += refusal.claim;
  }
  data += R"("})";
  return Refused{.message = "Unauthorized", .data_json = std::move(data)};
}

std::string RelayNamespace::private_id(Member& member, ResumeOutcome outcome, Position position) {
  if (!hub_.log().retains()) return {};
  const auto& session = static_cast<RelaySession&>(*member.data());
  if (outcome == ResumeOutcome::resumed && !session.wish->pid.empty()) return session.wish->pid;
  return private_ids_.make(member.id(), hub_.log().epoch().text(), position, session.account);
}

void RelayNamespace::on_connected(Member& member, ResumeOutcome outcome) {
  auto& session = static_cast<RelaySession&>(*member.data());
  const bool recovered = outcome == ResumeOutcome::resumed && !session.wish->pid.empty();
  log_.info("client connected", {{"account", session.account},
                                 {"socketId", member.id()},
                                 {"room", session.room},
                                 {"ip", member.client_address().to_string()},
                                 {"transport", member.transport_name()},
                                 {"recovered", recovered}});
  if (session.wish != nullptr) report_resume(session, outcome);
  if (presence_ != nullptr) presence_->rooms_changed(member);
  if (options_.closes_at_expiry) on_life_timer(session);
}

void RelayNamespace::report_resume(RelaySession& session, ResumeOutcome outcome) {
  const std::unique_ptr<ResumeWish> wish = std::move(session.wish);
  if (outcome == ResumeOutcome::resumed) {
    publisher_.probe().recovery(wish->pid.empty() ? RecoveryOutcome::replayed : RecoveryOutcome::recovered);
    return;
  }
  publisher_.probe().recovery(outcome == ResumeOutcome::failed ? RecoveryOutcome::out_of_reach
                                                               : RecoveryOutcome::unknown);
  if (!wish->asked_json.empty()) session.member.emit("relay:gap", R"({"after":)" + wish->asked_json + "}");
}

void RelayNamespace::on_quiet(Member& member, Position position) {
  const OffsetText offset = format_offset(hub_.log().epoch().text(), position);
  publisher_.probe().syncs.add();
  member.emit("relay:sync", R"({},")" + std::string(offset.begin(), offset.end()) + '"');
}

void RelayNamespace::on_disconnected(Member& member, DisconnectReason reason,
                                     std::optional<CloseReason> closed) {
  auto& session = static_cast<RelaySession&>(*member.data());
  session.timer.disarm();
  if (presence_ != nullptr) presence_->left(member);
  std::string_view words = "client namespace disconnect";
  if (session.closing) {
    words = to_string(*session.closing);
  } else if (reason == DisconnectReason::server_decision) {
    words = "server namespace disconnect";
  } else if (closed) {
    words = to_string(*closed);
  }
  const auto lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(hub_.loop().now() - session.connected_at);
  log_.info("client disconnected", {{"account", session.account},
                                    {"socketId", member.id()},
                                    {"reason", words},
                                    {"backlogBytes", member.backlog_bytes()},
                                    {"durationMs", lasted.count()}});
}

// ---- the life of a token

// Looks at the wall clock each time it is called: the clock may have been set since the timer was armed.
void RelayNamespace::on_life_timer(RelaySession& session) {
  EventLoop& loop = hub_.loop();
  const WallTime now = loop.clock().wall();
  if (now >= session.life.close_at) return close(session, ClosingCode::token_expired);
  if (!session.warned && now >= session.life.warn_at) {
    session.warned = true;
    session.member.emit("relay:token_expiring", R"({"exp":)" + json_seconds(session.expires_at) + "}");
  }
  const WallTime next = session.warned ? session.life.close_at : session.life.warn_at;
  loop.timers().arm(session.timer, loop.now(), until(next, now));
}

namespace {

std::string closing_json(ClosingCode code) {
  std::string data = R"({"code":")";
  data += to_string(code);
  data += R"(","reconnect":true})";
  return data;
}

}  // namespace

void RelayNamespace::close(RelaySession& session, ClosingCode code) {
  session.closing = code;
  session.member.emit("relay:closing", closing_json(code));
  session.member.close_transport(CloseReason::forced_close);
}

void RelayNamespace::announce_closing(ClosingCode code) {
  const std::string data = closing_json(code);
  hub_.members().for_each([&](Member& member) {
    static_cast<RelaySession&>(*member.data()).closing = code;
    member.emit("relay:closing", data);
  });
}

// ---- events of clients

void RelayNamespace::on_event(Member& member, const MemberEvent& event) {
  auto& session = static_cast<RelaySession&>(*member.data());
  if (event.attachments.empty() && json_string_equals(event.name_json, "relay:token_refresh")) {
    return refresh_token(session, event);
  }
  const auto name = rules_.judge(event, session.may_publish);
  if (!name) return refuse_event(member, event, name.error());
  if (options_.schemas != nullptr && !options_.schemas->check(*name, event.arguments_json).empty()) {
    return refuse_event(member, event, ClientEventRefusal::invalid_event);
  }
  PublishCallback callback = [this, socket = member.handle(),
                              ack = event.ack_id](const PublishResult& result) {
    const bool accepted = result.verdict == PublishVerdict::accepted;
    const auto why = result.overloaded ? ClientEventRefusal::overloaded : ClientEventRefusal::unavailable;
    if (accepted) {
      publisher_.probe().client_events_accepted.add();
    } else {
      publisher_.probe().client_event_refused(why);
    }
    Member* const sender = hub_.find(socket);
    if (sender == nullptr || !ack) return;
    std::string answer = accepted ? R"({"ok":true,"id":")" : R"({"ok":false,"code":")";
    answer += accepted ? std::string_view(result.id) : to_string(why);
    answer += R"("})";
    sender->acknowledge(*ack, answer);
  };
  const TimeText issued_at = format_rfc3339(hub_.loop().clock().wall());
  publisher_.publish_client_event(session.room,
                                  {.type = *name,
                                   .payload_json = event.arguments_json,
                                   .issued_at = std::string_view(issued_at.data(), issued_at.size()),
                                   .from = session.account},
                                  member.id(), hub_.loop().now(), std::move(callback));
}

void RelayNamespace::refuse_event(Member& member, const MemberEvent& event, ClientEventRefusal why) {
  publisher_.probe().client_event_refused(why);
  if (event.ack_id) {
    std::string answer = R"({"ok":false,"code":")";
    answer += to_string(why);
    answer += R"("})";
    member.acknowledge(*event.ack_id, answer);
    return;
  }
  log_.info("client event refused", {{"socketId", member.id()}, {"code", to_string(why)}});
}

}  // namespace relay
