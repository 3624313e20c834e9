#pragma once
// One Engine.IO session seen from above: Socket.IO packets, handed to the namespaces that the client is
// connected to.
//
// Threading: bound to one worker.
// Lifetime: owned by its session, as its listener.

#include <chrono>
#include <memory>
#include <optional>
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
  // What may wait behind a CONNECT that cannot be answered at once.
  static constexpr std::size_t held_bytes_max = 64 * 1024;
  static constexpr std::size_t held_packets_max = 256;

  // `hub` and `session` must outlive the client. `handshake` may be null.
  Client(LocalHub& hub, EngineSession& session, std::unique_ptr<HandshakeData> handshake);
  ~Client() override;

  [[nodiscard]] EngineSession& session() noexcept { return session_; }

  void on_text(std::string_view message) override;
  void on_binary(std::string_view message) override;
  void on_receipt(std::uint32_t receipt) override;
  void on_queue_below() override;
  void on_closed(CloseReason reason) override;

  // The connections that held the socket that comes back are closed: its CONNECT goes on.
  void on_socket_free();

 private:
  friend class Member;
  struct HeldConnect;

  void on_packet(socketio::Assembled& assembled);
  void on_connect(const socketio::Packet& packet);
  void on_event(const socketio::Packet& packet, std::vector<std::string> attachments);
  void on_disconnect(const socketio::Packet& packet);
  // Claims the socket that comes back, and waits until it is free.
  void claim(std::unique_ptr<Member> member, Namespace& home, Admitted admitted);
  void drop_claim();
  void admit(std::unique_ptr<Member> member, Namespace& home, Admitted admitted, Position begin);
  [[nodiscard]] ResumeOutcome resume(Member& member, const std::optional<Resume>& wish);
  // True when the packet waits for the CONNECT before it.
  [[nodiscard]] bool hold(std::string_view message, bool is_binary);
  [[nodiscard]] Member* find(std::string_view namespace_name) const;
  void remove(Member& member, DisconnectReason reason, std::optional<CloseReason> closed);
  void on_connect_timeout();

  LocalHub& hub_;
  EngineSession& session_;
  socketio::Decoder decoder_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<HandshakeData> handshake_;
  std::unique_ptr<HeldConnect> held_;
  std::unique_ptr<Timer> connect_deadline_;  // until the first namespace has accepted
};

}  // namespace relay
