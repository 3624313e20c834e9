#include "hub/member.h"

#include <string>

#include "hub/client.h"
#include "hub/namespace.h"
#include "protocol/json_writer.h"
#include "protocol/socketio_packet.h"

namespace relay {

Member::Member(Client& client, Namespace& home, const SocketId& id)
    : client_(client), namespace_(home), id_(id) {}

Member::~Member() = default;

const IpAddress& Member::client_address() const noexcept {
  return client_.session().client();
}

std::string_view Member::transport_name() const noexcept {
  return client_.session().transport_name();
}

const std::string& Member::namespace_name() const noexcept {
  return namespace_.name();
}

void Member::emit(std::string_view name, std::string_view arguments_json,
                  std::span<const std::string> attachments) {
  std::string packet = "4";
  socketio::append_event_header(packet, namespace_name(), {}, static_cast<unsigned>(attachments.size()));
  packet += '[';
  append_json_string(packet, name);
  if (!arguments_json.empty()) {
    packet += ',';
    packet += arguments_json;
  }
  packet += ']';
  client_.session().send_text(packet);
  for (const std::string& attachment : attachments) client_.session().send_binary(attachment);
}

void Member::acknowledge(std::uint64_t ack_id, std::string_view arguments_json,
                         std::span<const std::string> attachments) {
  std::string packet = "4";
  socketio::append_ack(packet, namespace_name(), ack_id, arguments_json,
                       static_cast<unsigned>(attachments.size()));
  client_.session().send_text(packet);
  for (const std::string& attachment : attachments) client_.session().send_binary(attachment);
}

void Member::disconnect() {
  std::string packet = "4";
  socketio::append_disconnect(packet, namespace_name());
  client_.session().send_text(packet);
  client_.remove(*this, DisconnectReason::server_decision, std::nullopt);
}

void Member::close_transport(CloseReason reason) {
  client_.session().close(reason);
}

void Member::deliver(const Frame& frame) {
  client_.session().send(frame);
}

bool Member::writable() const noexcept {
  return client_.session().writable();
}

}  // namespace relay
