#include "hub/client.h"

#include <algorithm>
#include <string>
#include <utility>

#include "hub/local_hub.h"
#include "protocol/socketio_packet.h"

namespace relay {

Client::Client(LocalHub& hub, EngineSession& session, std::unique_ptr<HandshakeData> handshake)
    : hub_(hub),
      session_(session),
      decoder_(session.message_bytes_max(), LocalHub::json_depth_max),
      handshake_(std::move(handshake)),
      connect_deadline_(std::make_unique<MemberTimer<Client, &Client::on_connect_timeout>>(*this)) {
  hub_.loop().timers().arm(*connect_deadline_, hub_.loop().now(), hub_.options().connect_timeout);
}

Client::~Client() = default;

void Client::on_text(std::string_view message) {
  auto assembled = decoder_.text(message);
  if (!assembled) return session_.close(CloseReason::invalid_packet);
  if (*assembled) on_packet(**assembled);
}

void Client::on_binary(std::string_view message) {
  auto assembled = decoder_.binary(message);
  if (!assembled) return session_.close(CloseReason::invalid_packet);
  if (*assembled) on_packet(**assembled);
}

void Client::on_packet(socketio::Assembled& assembled) {
  const socketio::Packet& packet = assembled.packet;
  switch (packet.type) {
    case socketio::PacketType::connect:
      return on_connect(packet);
    case socketio::PacketType::disconnect:
      return on_disconnect(packet);
    case socketio::PacketType::event:
    case socketio::PacketType::binary_event:
      return on_event(packet, std::move(assembled.attachments));
    case socketio::PacketType::ack:
    case socketio::PacketType::binary_ack:
      // Nothing here asks for one; but whoever sends it must be connected.
      if (find(packet.namespace_name) == nullptr) session_.close(CloseReason::invalid_packet);
      return;
    case socketio::PacketType::connect_error:
      return session_.close(CloseReason::invalid_packet);
  }
}

Member* Client::find(std::string_view namespace_name) const {
  const auto found = std::ranges::find_if(
      members_, [&](const auto& member) { return member->namespace_name() == namespace_name; });
  return found == members_.end() ? nullptr : found->get();
}

void Client::on_connect(const socketio::Packet& packet) {
  if (find(packet.namespace_name) != nullptr || members_.size() == namespaces_max) {
    return session_.close(CloseReason::invalid_packet);
  }
  Namespace* const home = hub_.find_namespace(packet.namespace_name);
  if (home == nullptr) {
    std::string refusal = "4";
    socketio::append_connect_error(refusal, packet.namespace_name, {.message = "Invalid namespace"});
    return session_.send_text(refusal);
  }
  auto member = std::make_unique<Member>(*this, *home, hub_.new_socket_id());
  ConnectDecision decision = home->handler().on_connect(*member, packet.json, handshake_.get());
  if (auto* const admitted = std::get_if<Admitted>(&decision)) {
    admit(std::move(member), *home, std::move(*admitted));
  } else if (const auto* const refused = std::get_if<Refused>(&decision)) {
    std::string refusal = "4";
    socketio::append_connect_error(refusal, home->name(),
                                   {.message = refused->message, .data_json = refused->data_json});
    session_.send_text(refusal);
  } else {
    session_.close(CloseReason::forced_close);
  }
}

void Client::admit(std::unique_ptr<Member> owned, Namespace& home, Admitted admitted) {
  connect_deadline_.reset();
  session_.set_trusted();
  decoder_.set_packet_bytes_max(session_.message_bytes_max());
  Member& member = *owned;
  member.data_ = std::move(admitted.data);
  member.handle_ = hub_.members().insert(member);
  members_.push_back(std::move(owned));
  home.add(member);
  for (const std::string& room : admitted.rooms) home.join(member, room);
  hub_.probe().members_connected.add();
  std::string answer = "4";
  socketio::append_connect(answer, home.name(), {.sid = member.id()});
  session_.send_text(answer);
  home.handler().on_connected(member);
}

void Client::on_event(const socketio::Packet& packet, std::vector<std::string> attachments) {
  Member* const member = find(packet.namespace_name);
  if (member == nullptr) return session_.close(CloseReason::invalid_packet);
  const MemberEvent event{.name_json = packet.event_name_json,
                          .arguments_json = packet.arguments_json,
                          .arguments_count = packet.arguments_count,
                          .ack_id = packet.id,
                          .attachments = std::move(attachments)};
  member->namespace_.handler().on_event(*member, event);
}

void Client::on_disconnect(const socketio::Packet& packet) {
  Member* const member = find(packet.namespace_name);
  if (member == nullptr) return session_.close(CloseReason::invalid_packet);
  remove(*member, DisconnectReason::client_left, std::nullopt);
}

void Client::remove(Member& member, DisconnectReason reason, std::optional<CloseReason> closed) {
  const auto found =
      std::ranges::find_if(members_, [&](const auto& owned) { return owned.get() == &member; });
  if (found == members_.end()) return;
  // Out of the list first: what the handler does must not meet it again.
  const std::unique_ptr<Member> dying = std::move(*found);
  members_.erase(found);
  hub_.members().erase(dying->handle_);
  dying->namespace_.remove(*dying);
  hub_.probe().members_disconnected.add();
  dying->namespace_.handler().on_disconnected(*dying, reason, closed);
}

void Client::on_closed(CloseReason reason) {
  connect_deadline_.reset();
  while (!members_.empty()) remove(*members_.back(), DisconnectReason::session_ended, reason);
}

void Client::on_connect_timeout() {
  session_.close(CloseReason::connect_timeout);
}

}  // namespace relay
