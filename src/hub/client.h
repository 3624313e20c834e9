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
  // A CONNECT that waited for the bus goes on.
  void on_bus_ready();
  void on_in_sync();
  [[nodiscard]] bool is_in_sync() const noexcept { return is_in_sync_; }
  // In LocalHub::waiting_clients(), while it waits.
  [[nodiscard]] Handle waiting_handle() const noexcept;

 private:
  friend class Member;
  struct HeldConnect;
  struct Claiming;

  void on_packet(socketio::Assembled& assembled, std::string_view message);
  void on_connect(const socketio::Packet& packet, std::string_view message);
  void on_event(const socketio::Packet& packet, std::vector<std::string> attachments);
  void on_disconnect(const socketio::Packet& packet);
  // Claims the socket that comes back, and waits until it is free.
  void claim(std::unique_ptr<Member> member, Namespace& home, Admitted admitted);
  void drop_claim();
  void admit(std::unique_ptr<Member> member, Namespace& home, Admitted admitted, Position begin);
  [[nodiscard]] ResumeOutcome resume(Member& member, const std::optional<Resume>& wish);
  // Everything waits from now on.
  void begin_hold();
  // This CONNECT too; it is taken up again when the bus allows, within HubOptions::bus_timeout.
  void hold_for_bus(std::string_view message);
  void wait_for_sync(std::string_view message);
  void on_hold_timeout();
  // True when the packet waits for the CONNECT before it.
  [[nodiscard]] bool hold(std::string_view message, bool is_binary);
  // Goes on with what waited.
  void release(std::unique_ptr<HeldConnect> held);
  [[nodiscard]] Member* find(std::string_view namespace_name) const;
  void remove(Member& member, DisconnectReason reason, std::optional<CloseReason> closed);
  void on_connect_timeout();

  LocalHub& hub_;
  EngineSession& session_;
  socketio::Decoder decoder_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<HandshakeData> handshake_;
  std::unique_ptr<HeldConnect> held_;
  bool is_in_sync_ = false;                  // while the CONNECT that waited for it is taken up again
  std::unique_ptr<Timer> connect_deadline_;  // until the first namespace has accepted
};

}  // namespace relay
