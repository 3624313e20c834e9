#include "relay/relay_namespace.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
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

double random_fraction() {
  std::uint32_t bits = 0;
  fill_random(std::as_writable_bytes(std::span(&bits, 1)));
  return static_cast<double>(bits) / 4294967296.0;
}

// `auth.token`: the value's exact JSON, of the last member of that name as JSON.parse would have it.
std::string_view token_member(std::string_view auth_json) {
  std::string_view value;
  if (auth_json.empty()) return value;
  JsonScanner scanner(auth_json, LocalHub::json_depth_max);
  // The packet's parser has checked the object; there is no error to handle.
  static_cast<void>(scanner.scan_object([&](std::string_view key, std::string_view member) {
    if (json_string_equals(key, "token")) value = member;
  }));
  return value == "null" ? std::string_view() : value;
}

// Seconds as JSON: whole as an integer, else with its fraction.
std::string number_json(double seconds) {
  std::array<char, 32> text{};
  const bool whole = std::floor(seconds) == seconds && std::abs(seconds) < 1e15;
  const auto end =
      whole ? std::to_chars(text.data(), text.data() + text.size(), static_cast<std::int64_t>(seconds)).ptr
            : std::to_chars(text.data(), text.data() + text.size(), seconds).ptr;
  return {text.data(), end};
}

std::chrono::milliseconds until(WallTime when, WallTime now) {
  return std::max(std::chrono::ceil<std::chrono::milliseconds>(when - now), std::chrono::milliseconds(0));
}

}  // namespace

// What the relay keeps for a socket. Its timer first warns of the token's end, then brings it.
class RelayNamespace::Session final : public MemberData {
 public:
  Session(RelayNamespace& owner, Member& socket, TokenClaims&& claims)
      : owner_(owner),
        member(socket),
        account(std::move(claims.account)),
        room(std::move(claims.session_room)),
        expires_at(claims.expires_at),
        may_publish(claims.may_publish) {}

  void on_timer() { owner_.on_life_timer(*this); }

 private:
  RelayNamespace& owner_;

 public:
  Member& member;
  const std::string account;
  const std::string room;
  const double expires_at;
  const bool may_publish;
  bool warned = false;
  std::optional<ClosingCode> closing;  // we close it, for this
  TokenLife life{};
  SteadyTime connected_at;
  MemberTimer<Session, &Session::on_timer> timer{*this};
};

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

RelayNamespace::RelayNamespace(LocalHub& hub, const TokenVerifier& verifier, const ClientEventRules& rules,
                               Publisher& publisher, Log& log, const RelayNamespaceOptions& options)
    : hub_(hub), verifier_(verifier), rules_(rules), publisher_(publisher), log_(log), options_(options) {}

RelayNamespace::~RelayNamespace() = default;

// ---- connecting

ConnectDecision RelayNamespace::on_connect(Member& member, std::string_view auth_json,
                                           const HandshakeData* handshake) {
  const std::string_view token_json = token_member(auth_json);
  std::string token;
  if (!token_json.empty()) {
    const auto text =
        json_kind(token_json) == JsonKind::string ? decode_json_string(token_json) : std::nullopt;
    if (!text) return refuse(member, {TokenRefusalCode::token_malformed, {}});
    token = *text;
  } else if (const auto* const bearer = dynamic_cast<const BearerToken*>(handshake)) {
    token = bearer->token;
  }
  if (token.empty()) return refuse(member, {TokenRefusalCode::token_missing, {}});

  const WallTime now = hub_.loop().clock().wall();
  auto claims = verifier_.verify(token, now);
  if (!claims) return refuse(member, claims.error());

  Admitted admitted;
  admitted.rooms.reserve(claims->rooms.size() + 2);
  admitted.rooms.push_back(claims->session_room);
  for (std::string& room : claims->rooms) admitted.rooms.push_back(std::move(room));
  admitted.rooms.push_back(std::string(account_room_prefix) + claims->account);
  const TokenLife life = life_of(*claims, now, options_.clock_tolerance, random_fraction());
  auto session = std::make_unique<Session>(*this, member, std::move(*claims));
  session->life = life;
  session->connected_at = hub_.loop().now();
  admitted.data = std::move(session);
  return admitted;
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

void RelayNamespace::on_connected(Member& member) {
  auto& session = static_cast<Session&>(*member.data());
  log_.info("client connected", {{"account", session.account},
                                 {"socketId", member.id()},
                                 {"room", session.room},
                                 {"ip", member.client_address().to_string()},
                                 {"transport", member.transport_name()}});
  if (options_.closes_at_expiry) on_life_timer(session);
}

void RelayNamespace::on_disconnected(Member& member, DisconnectReason reason,
                                     std::optional<CloseReason> closed) {
  auto& session = static_cast<Session&>(*member.data());
  session.timer.disarm();
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
                                    {"durationMs", lasted.count()}});
}

// ---- the life of a token

// Looks at the wall clock each time it is called: the clock may have been set since the timer was armed.
void RelayNamespace::on_life_timer(Session& session) {
  EventLoop& loop = hub_.loop();
  const WallTime now = loop.clock().wall();
  if (now >= session.life.close_at) return close(session.member, session, ClosingCode::token_expired);
  if (!session.warned && now >= session.life.warn_at) {
    session.warned = true;
    session.member.emit("relay:token_expiring", R"({"exp":)" + number_json(session.expires_at) + "}");
  }
  const WallTime next = session.warned ? session.life.close_at : session.life.warn_at;
  loop.timers().arm(session.timer, loop.now(), until(next, now));
}

void RelayNamespace::close(Member& member, Session& session, ClosingCode code) {
  session.closing = code;
  std::string data = R"({"code":")";
  data += to_string(code);
  data += R"(","reconnect":true})";
  member.emit("relay:closing", data);
  member.close_transport(CloseReason::forced_close);
}

void RelayNamespace::announce_closing(ClosingCode code) {
  std::string data = R"({"code":")";
  data += to_string(code);
  data += R"(","reconnect":true})";
  hub_.members().for_each([&](Member& member) {
    static_cast<Session&>(*member.data()).closing = code;
    member.emit("relay:closing", data);
  });
}

// ---- events of clients

void RelayNamespace::on_event(Member& member, const MemberEvent& event) {
  auto& session = static_cast<Session&>(*member.data());
  const auto name = rules_.judge(event, session.may_publish);
  if (!name) return refuse_event(member, event, name.error());
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
