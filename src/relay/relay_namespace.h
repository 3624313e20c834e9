#pragma once
// The relay's one namespace, `/`: who may connect (a token decides), which rooms they are in, how long they
// stay, and what becomes of the events they emit.
//
// One for each worker. Threading: bound to it.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/client_token.h"
#include "base/log.h"
#include "hub/local_hub.h"
#include "hub/namespace_handler.h"
#include "relay/client_event_rules.h"
#include "relay/publisher.h"

namespace relay {

struct RelayNamespaceOptions {
  bool closes_at_expiry = true;  // TOKEN_EXPIRY
  std::chrono::seconds clock_tolerance{5};
};

// Why the relay closes a connection: the `code` of `relay:closing`.
enum class ClosingCode : std::uint8_t { token_expired, draining };
[[nodiscard]] std::string_view to_string(ClosingCode code) noexcept;

// Of a handshake's Authorization header, for a CONNECT that brings no token itself; null without one.
[[nodiscard]] std::unique_ptr<HandshakeData> read_bearer_token(const HttpRequest& request);

class RelayNamespace final : public NamespaceHandler {
 public:
  // All must outlive the namespace.
  RelayNamespace(LocalHub& hub, const TokenVerifier& verifier, const ClientEventRules& rules,
                 Publisher& publisher, Log& log, const RelayNamespaceOptions& options);
  ~RelayNamespace() override;

  // Tells every socket that it is about to be closed, and why.
  void announce_closing(ClosingCode code);

  [[nodiscard]] ConnectDecision on_connect(Member& member, std::string_view auth_json,
                                           const HandshakeData* handshake) override;
  void on_connected(Member& member) override;
  void on_event(Member& member, const MemberEvent& event) override;
  void on_disconnected(Member& member, DisconnectReason reason, std::optional<CloseReason> closed) override;

 private:
  class Session;

  [[nodiscard]] ConnectDecision refuse(const Member& member, const TokenRefusal& refusal);
  void refuse_event(Member& member, const MemberEvent& event, ClientEventRefusal why);
  void on_life_timer(Session& session);
  void close(Member& member, Session& session, ClosingCode code);

  LocalHub& hub_;
  const TokenVerifier& verifier_;
  const ClientEventRules& rules_;
  Publisher& publisher_;
  Log& log_;
  const RelayNamespaceOptions options_;
};

}  // namespace relay
