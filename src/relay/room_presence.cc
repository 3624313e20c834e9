#include "relay/room_presence.h"

#include <algorithm>
#include <utility>

#include "auth/name_rule.h"
#include "relay/event_encoder.h"

namespace relay {
namespace {

// The rooms that others may hear of it in.
std::vector<std::string> public_rooms(const Member& member) {
  std::vector<std::string> rooms;
  for (const std::string_view room : member.rooms()) {
    if (!room.starts_with('~')) rooms.emplace_back(room);
  }
  return rooms;
}

}  // namespace

RoomPresence::RoomPresence(LocalHub& hub, PresenceTable& table, std::chrono::milliseconds grace,
                           PresenceLedger* ledger)
    : hub_(hub), table_(table), ledger_(ledger), grace_(grace) {}

void RoomPresence::rooms_changed(const Member& member) {
  const std::string_view account = member.data()->owner();
  std::vector<std::string> now = public_rooms(member);
  std::vector<std::string>& known = rooms_[&member];
  for (const std::string& room : now) {
    if (std::ranges::find(known, room) == known.end()) enter(room, account);
  }
  for (const std::string& room : known) {
    if (std::ranges::find(now, room) == now.end()) leave(room, account);
  }
  known = std::move(now);
}

void RoomPresence::left(const Member& member) {
  const auto found = rooms_.find(&member);
  if (found == rooms_.end()) return;
  for (const std::string& room : found->second) leave(room, member.data()->owner());
  rooms_.erase(found);
}

void RoomPresence::enter(const std::string& room, std::string_view account) {
  if (!table_.join(room, account)) return;
  if (ledger_ != nullptr) return ledger_->enter(room, std::string(account));
  tell("relay:joined", room, account);
}

void RoomPresence::leave(const std::string& room, std::string_view account) {
  const auto departure = table_.leave(room, account);
  if (departure == 0) return;
  Leaving leaving{hub_.loop().now() + grace_, room, std::string(account), departure};
  if (leaving_.size() == departures_max) return settle(leaving);
  leaving_.push_back(std::move(leaving));
  if (!timer_.armed()) hub_.loop().timers().arm(timer_, hub_.loop().now(), grace_);
}

void RoomPresence::on_grace_over() {
  const SteadyTime now = hub_.loop().now();
  for (; !leaving_.empty() && leaving_.front().due <= now; leaving_.pop_front()) settle(leaving_.front());
  if (leaving_.empty()) return;
  hub_.loop().timers().arm(timer_, now,
                           std::chrono::ceil<std::chrono::milliseconds>(leaving_.front().due - now));
}

void RoomPresence::settle(const Leaving& leaving) {
  if (!table_.settle(leaving.room, leaving.account, leaving.departure)) return;
  if (ledger_ != nullptr) return ledger_->leave(leaving.room, leaving.account);
  tell("relay:left", leaving.room, leaving.account);
}

void RoomPresence::tell(std::string_view event, const std::string& room, std::string_view account) {
  hub_.publish({.audience = {.rooms = {room}},
                .packet = encode_notice(event, presence_argument(account)),
                .is_retained = false,
                .is_listed = false});
}

}  // namespace relay
