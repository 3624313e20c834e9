#pragma once
// One Engine.IO session seen from above: Socket.IO packets, handed to the namespaces that the client is
// connected to.
//
// Threading: bound to one worker.
// Lifetime: owned by its session, as its listener.

#include <chrono>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/engine_session.h"
#include "engine/session_listener.h"
#include "hub/member.h"
#include "hub/namespace_handler.h"
#include "net/timer_wheel.h"
#include "protocol/socketio_decoder.h"

namespace relay {

class LocalHub;

class Client final : public SessionListener {
 public:
  static constexpr std::size_t namespaces_max = 32;

  // `hub` and `session` must outlive the client. `handshake` may be null.
  Client(LocalHub& hub, EngineSession& session, std::unique_ptr<HandshakeData> handshake);
  ~Client() override;

  [[nodiscard]] EngineSession& session() noexcept { return session_; }

  void on_text(std::string_view message) override;
  void on_binary(std::string_view message) override;
  void on_closed(CloseReason reason) override;

 private:
  friend class Member;

  void on_packet(socketio::Assembled& assembled);
  void on_connect(const socketio::Packet& packet);
  void on_event(const socketio::Packet& packet, std::vector<std::string> attachments);
  void on_disconnect(const socketio::Packet& packet);
  void admit(std::unique_ptr<Member> member, Namespace& home, Admitted admitted);
  [[nodiscard]] Member* find(std::string_view namespace_name) const;
  void remove(Member& member, DisconnectReason reason, std::optional<CloseReason> closed);
  void on_connect_timeout();

  LocalHub& hub_;
  EngineSession& session_;
  socketio::Decoder decoder_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<HandshakeData> handshake_;
  std::unique_ptr<Timer> connect_deadline_;  // until the first namespace has accepted
};

}  // namespace relay
