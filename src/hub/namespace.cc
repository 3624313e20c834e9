#include "hub/namespace.h"

#include <array>

#include "hub/local_hub.h"
#include "hub/socket_id.h"

namespace relay {

// One event on its way to this worker's members: its frames, counted once for all of them.
struct Namespace::Delivery {
  Position position;
  Frame frame;
  std::vector<Frame> attachments;
  bool is_volatile;
  std::size_t recipients = 0;
};

void Namespace::add(Member& member) {
  members_.emplace(member.id(), &member);
}

void Namespace::remove(Member& member) {
  leave_all(member);
  members_.erase(member.id());
}

Member* Namespace::find(std::string_view socket_id) const {
  const auto found = members_.find(socket_id);
  return found == members_.end() ? nullptr : found->second;
}

void Namespace::join(Member& member, std::string_view room_name) {
  auto found = rooms_.find(room_name);
  if (found == rooms_.end()) {
    const Position head = hub_.log().join(hub_.worker(), name_, room_name);
    hub_.deliver_up_to(head);
    auto room = std::make_unique<Room>(std::string(room_name));
    const std::string_view key = room->name();
    found = rooms_.emplace(key, std::move(room)).first;
  }
  Room& room = *found->second;
  for (const Member::Membership& membership : member.memberships_) {
    if (membership.room == &room) return;
  }
  const std::size_t slot = room.add({&member, member.memberships_.size()});
  member.memberships_.push_back({&room, slot});
}

void Namespace::leave_all(Member& member) {
  for (const Member::Membership& membership : member.memberships_) {
    Room& room = *membership.room;
    if (const Room::Place* const moved = room.remove(membership.slot)) {
      moved->member->memberships_[moved->membership].slot = membership.slot;
    }
    if (!room.empty()) continue;
    hub_.log().leave(hub_.worker(), name_, room.name());
    rooms_.erase(room.name());
  }
  member.memberships_.clear();
}

// A member that was stamped with the event's position has got it through another room, or is excepted.
void Namespace::deliver_to(Member& member, Delivery& delivery) {
  if (member.delivered_up_to_ == delivery.position) return;
  member.delivered_up_to_ = delivery.position;
  if (delivery.is_volatile && !member.writable()) return;
  member.deliver(delivery.frame);
  for (const Frame& attachment : delivery.attachments) member.deliver(attachment);
  ++delivery.recipients;
}

std::size_t Namespace::deliver(const LogEntry& entry) {
  Delivery delivery{entry.position, Frame(entry.packet), {}, entry.is_volatile};
  for (const EncodedPacketPtr& attachment : entry.attachments) delivery.attachments.emplace_back(attachment);
  for (const std::string& socket_id : entry.audience.except) {
    if (Member* const excepted = find(socket_id)) excepted->delivered_up_to_ = entry.position;
  }
  if (entry.audience.rooms.empty()) {
    for (const auto& [id, member] : members_) deliver_to(*member, delivery);
  }
  for (const std::string& name : entry.audience.rooms) {
    if (SocketId::slot_of(name)) {
      if (Member* const member = find(name)) deliver_to(*member, delivery);
    } else if (const auto room = rooms_.find(name); room != rooms_.end()) {
      for (const Room::Place& place : room->second->places()) deliver_to(*place.member, delivery);
    }
  }
  return delivery.recipients;
}

}  // namespace relay
