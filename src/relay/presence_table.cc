#include "relay/presence_table.h"

namespace relay {

bool PresenceTable::join(std::string_view room, std::string_view account) {
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = records_.try_emplace({std::string(room), std::string(account)});
  ++found->second.sockets;
  found->second.departure = 0;
  return is_new;
}

PresenceTable::Departure PresenceTable::leave(std::string_view room, std::string_view account) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find({std::string(room), std::string(account)});
  if (found == records_.end() || found->second.sockets == 0 || --found->second.sockets > 0) return 0;
  return found->second.departure = ++departures_;
}

bool PresenceTable::settle(std::string_view room, std::string_view account, Departure departure) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find({std::string(room), std::string(account)});
  if (found == records_.end() || found->second.departure != departure) return false;
  records_.erase(found);
  return true;
}

std::size_t PresenceTable::size() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}

}  // namespace relay
