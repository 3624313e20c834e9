#include "hub/namespace.h"

#include <algorithm>
#include <utility>

#include "hub/local_hub.h"
#include "hub/socket_id.h"

namespace relay {

// One event on its way to this worker's members: its frames, counted once for all of them.
struct Namespace::Delivery {
  const LogEntry& entry;
  Frame frame;
  std::vector<Frame> attachments;
  std::size_t recipients = 0;
  std::vector<Member*> receipts = {};  // the recipients, if they are to confirm
};

void Namespace::add(Member& member) {
  members_.insert(&member);
}

void Namespace::remove(Member& member) {
  while (!member.memberships_.empty()) leave(member, member.memberships_.size() - 1);
  const auto found = members_.find(member.id());
  if (found == members_.end() || *found != &member) return;
  members_.erase(found);
  leave_own_id(member.id());
}

Member* Namespace::find(std::string_view socket_id) const {
  const auto found = members_.find(socket_id);
  return found == members_.end() ? nullptr : *found;
}

const Room* Namespace::find_room(std::string_view name) const {
  const auto found = rooms_.find(name);
  return found == rooms_.end() ? nullptr : found->get();
}

// ---- rooms

bool Namespace::is_own_worker(std::string_view socket_id) const {
  return hub_.log().is_home_of(hub_.worker(), socket_id);
}

void Namespace::leave_own_id(std::string_view socket_id) {
  if (!is_own_worker(socket_id)) hub_.log().leave(hub_.worker(), name_, socket_id);
}

void Namespace::join(Member& member, std::span<const std::string> names, Position begin) {
  // First all that is new to this worker, then the member: it must not hear from one of its rooms what came
  // before it is in another.
  Position head = begin;
  std::vector<Room*> rooms;
  rooms.reserve(names.size());
  for (const std::string& name : names) {
    auto found = rooms_.find(std::string_view(name));
    if (found == rooms_.end()) {
      head = std::max(head, hub_.log().join(hub_.worker(), name_, name));
      found = rooms_.insert(std::make_unique<Room>(name)).first;
    }
    rooms.push_back(found->get());
  }
  hub_.deliver_up_to(head);
  for (Room* const room : rooms) {
    const bool joined = std::ranges::any_of(member.memberships_,
                                            [&](const auto& membership) { return membership.room == room; });
    if (joined) continue;
    const std::size_t slot = room->add({&member, member.memberships_.size()});
    member.memberships_.push_back({room, slot});
  }
}

void Namespace::leave(Member& member, std::size_t index) {
  const Member::Membership membership = member.memberships_[index];
  Room& room = *membership.room;
  if (const Room::Place* const moved = room.remove(membership.slot)) {
    moved->member->memberships_[moved->membership].slot = membership.slot;
  }
  if (index + 1 < member.memberships_.size()) {
    const Member::Membership& last = member.memberships_.back();
    member.memberships_[index] = last;
    last.room->set_membership(last.slot, index);
  }
  member.memberships_.pop_back();
  if (!room.empty()) return;
  hub_.log().leave(hub_.worker(), name_, room.name());
  rooms_.erase(rooms_.find(std::string_view(room.name())));
}

void Namespace::leave_others(Member& member, std::span<const std::string> names) {
  for (std::size_t i = member.memberships_.size(); i-- > 0;) {
    if (std::ranges::find(names, member.memberships_[i].room->name()) == names.end()) leave(member, i);
  }
}

// ---- delivery

// A member that was considered for this position has got it through another room, or is excepted.
void Namespace::deliver_to(Member& member, Delivery& delivery) {
  const LogEntry& entry = delivery.entry;
  if (member.considered_ == entry.position) return;
  member.considered_ = entry.position;
  if (member.is_cut_off_) return;
  // Who is catching up finds it in the log, in its turn.
  const bool sent_later = member.is_catching_up() && entry.is_retained;
  if (!sent_later) {
    if (entry.is_volatile && (member.is_catching_up() || !member.writable())) return;
    member.deliver(delivery.frame);
    for (const Frame& attachment : delivery.attachments) member.deliver(attachment);
    if (entry.has_offset) member.known_ = entry.position;
  }
  ++delivery.recipients;
  if (entry.wants_receipts) delivery.receipts.push_back(&member);
}

std::size_t Namespace::deliver(const LogEntry& entry) {
  Delivery delivery{entry, Frame(entry.packet), {}};
  for (const EncodedPacketPtr& attachment : entry.attachments) delivery.attachments.emplace_back(attachment);
  for (const std::string& socket_id : entry.audience.except) {
    if (Member* const excepted = find(socket_id)) excepted->considered_ = entry.position;
  }
  if (entry.audience.rooms.empty()) {
    for (Member* const member : members_) deliver_to(*member, delivery);
  }
  for (const std::string& name : entry.audience.rooms) {
    if (SocketId::slot_of(name)) {
      if (Member* const member = find(name)) deliver_to(*member, delivery);
    } else if (const auto room = rooms_.find(std::string_view(name)); room != rooms_.end()) {
      for (const Room::Place& place : (*room)->places()) deliver_to(*place.member, delivery);
    }
  }
  if (!delivery.receipts.empty()) hub_.expect_receipts(entry.ticket, delivery.receipts);
  return delivery.recipients;
}

}  // namespace relay
