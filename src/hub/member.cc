#include "hub/member.h"

#include <algorithm>
#include <string>

#include "hub/client.h"
#include "hub/local_hub.h"
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

void Member::set_rooms(std::span<const std::string> rooms) {
  namespace_.leave_others(*this, rooms);
  namespace_.join(*this, rooms);
}

void Member::deliver(const Frame& frame) {
  client_.session().send(frame);
}

bool Member::is_in_sync() const noexcept {
  return client_.is_in_sync();
}

std::size_t Member::backlog_bytes() const noexcept {
  return client_.session().queued_bytes();
}

void Member::request_receipt(const PublishTicket& ticket) {
  if (pending_receipts_ == nullptr) pending_receipts_ = std::make_unique<std::vector<PendingReceipt>>();
  if (pending_receipts_->size() == pending_receipts_max) return;
  pending_receipts_->push_back({client_.session().request_receipt(), ticket});
}

void Member::confirm(std::uint32_t receipt) {
  if (pending_receipts_ == nullptr) return;
  std::vector<PendingReceipt>& pending = *pending_receipts_;
  const auto later = std::ranges::find_if(pending, [&](const auto& each) { return each.receipt > receipt; });
  for (auto each = pending.begin(); each != later; ++each) namespace_.hub().confirm(each->ticket, id());
  pending.erase(pending.begin(), later);
  if (pending.empty()) pending_receipts_.reset();
}

std::vector<std::string_view> Member::rooms() const {
  std::vector<std::string_view> names;
  names.reserve(memberships_.size());
  for (const Membership& membership : memberships_) names.push_back(membership.room->name());
  return names;
}

EventLog::Reader Member::reader(std::span<const std::string_view> rooms, std::string_view socket_id) const {
  return {.namespace_name = namespace_.name(), .rooms = rooms, .socket_id = socket_id};
}

bool Member::writable() const noexcept {
  return client_.session().writable();
}

}  // namespace relay
