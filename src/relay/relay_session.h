#pragma once
// What the relay keeps for a socket: who it is, what its token allows, and when that ends.
//
// Threading: bound to one worker.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/client_token.h"
#include "base/clock.h"
#include "hub/namespace_handler.h"
#include "net/timer_wheel.h"
#include "relay/connect_request.h"
#include "relay/token_life.h"

namespace relay {

class RelayNamespace;

// Why the relay closes a connection: the `code` of `relay:closing`.
enum class ClosingCode : std::uint8_t { token_expired, draining };
[[nodiscard]] std::string_view to_string(ClosingCode code) noexcept;

// Its timer first warns of the token's end, then brings it.
class RelaySession final : public MemberData {
 public:
  RelaySession(RelayNamespace& owner, Member& socket, const TokenClaims& claims)
      : member(socket),
        account(claims.account),
        room(claims.session_room),
        expires_at(claims.expires_at),
        may_publish(claims.may_publish),
        owner_(owner) {}

  [[nodiscard]] std::string_view owner() const noexcept override { return account; }
  void on_timer();

  Member& member;
  const std::string account;
  std::string room;
  double expires_at;
  bool may_publish;
  bool warned = false;
  std::optional<ClosingCode> closing;  // we close it, for this
  TokenLife life{};
  SteadyTime connected_at;
  std::unique_ptr<ResumeWish> wish;  // until it is connected

 private:
  RelayNamespace& owner_;

 public:
  MemberTimer<RelaySession, &RelaySession::on_timer> timer{*this};
};

}  // namespace relay
