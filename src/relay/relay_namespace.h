#pragma once
// The relay's one namespace, `/`: who may connect (a token decides), which rooms they are in, how long they
// stay, and what becomes of the events they emit.
//
// One for each worker. Threading: bound to it.

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/client_token.h"
#include "base/log.h"
#include "hub/local_hub.h"
#include "hub/namespace_handler.h"
#include "relay/client_event_rules.h"
#include "relay/event_schemas.h"
#include "relay/private_id.h"
#include "relay/publisher.h"
#include "relay/relay_session.h"
#include "relay/room_presence.h"

namespace relay {

struct RelayNamespaceOptions {
  bool closes_at_expiry = true;  // TOKEN_EXPIRY
  std::chrono::seconds clock_tolerance{5};
  const EventSchemas* schemas = nullptr;  // of clients' own events; null: anything goes
};

// Of a handshake's Authorization header, for a CONNECT that brings no token itself; null without one.
[[nodiscard]] std::unique_ptr<HandshakeData> read_bearer_token(const HttpRequest& request);

class RelayNamespace final : public NamespaceHandler {
 public:
  // All must outlive the namespace. Without `presence` nobody is told who comes and goes.
  RelayNamespace(LocalHub& hub, const TokenVerifier& verifier, const PrivateIds& private_ids,
                 const ClientEventRules& rules, Publisher& publisher, RoomPresence* presence, Log& log,
                 const RelayNamespaceOptions& options);
  ~RelayNamespace() override;

  // Tells every socket that it is about to be closed, and why.
  void announce_closing(ClosingCode code);

  [[nodiscard]] ConnectDecision on_connect(Member& member, std::string_view auth_json,
                                           const HandshakeData* handshake) override;
  [[nodiscard]] std::string private_id(Member& member, ResumeOutcome outcome, Position position) override;
  void on_connected(Member& member, ResumeOutcome outcome) override;
  void on_quiet(Member& member, Position position) override;
  void on_event(Member& member, const MemberEvent& event) override;
  void on_disconnected(Member& member, DisconnectReason reason, std::optional<CloseReason> closed) override;
  // Spread over gap_closing_time.
  void on_events_lost() override;
  void on_epoch_ended(const Epoch& ended) override;

 private:
  friend class RelaySession;

  [[nodiscard]] ConnectDecision refuse(const Member& member, const TokenRefusal& refusal);
  // Of a token's claims: what its sockets are in.
  [[nodiscard]] static std::vector<std::string> rooms_of(const TokenClaims& claims);
  void report_resume(RelaySession& session, ResumeOutcome outcome);
  void refuse_event(Member& member, const MemberEvent& event, ClientEventRefusal why);
  void on_life_timer(RelaySession& session);
  void on_loss_timer();
  void close(RelaySession& session, ClosingCode code);
  // `relay:token_refresh`
  void refresh_token(RelaySession& session, const MemberEvent& event);
  [[nodiscard]] std::expected<TokenClaims, TokenRefusal> judge_refresh(const RelaySession& session,
                                                                       const MemberEvent& event) const;

  static constexpr auto gap_closing_time = std::chrono::milliseconds(5'000);
  static constexpr auto gap_closing_step = std::chrono::milliseconds(100);

  LocalHub& hub_;
  const TokenVerifier& verifier_;
  const PrivateIds& private_ids_;
  const ClientEventRules& rules_;
  Publisher& publisher_;
  RoomPresence* const presence_;
  Log& log_;
  const RelayNamespaceOptions options_;
  std::vector<Handle> to_close_;  // after a loss, the next one last
  std::size_t close_at_once_ = 0;
  MemberTimer<RelayNamespace, &RelayNamespace::on_loss_timer> loss_timer_{*this};
};

}  // namespace relay
