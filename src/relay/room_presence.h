#pragma once
// Tells a room who comes and who goes: `relay:joined` and `relay:left` with the account, once however many
// sockets it has there.
//
// One for each worker, over one table. Threading: bound to the worker.

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "hub/local_hub.h"
#include "relay/presence_ledger.h"
#include "relay/presence_table.h"

namespace relay {

class RoomPresence {
 public:
  // Departures whose grace lasts; what is beyond is told at once.
  static constexpr std::size_t departures_max = 100'000;

  // Both must outlive it.
  // With a ledger it is that which tells, for all nodes; null: this node is alone.
  RoomPresence(LocalHub& hub, PresenceTable& table, std::chrono::milliseconds grace, PresenceLedger* ledger);

  // The member is connected and in its rooms, or has joined and left some since.
  void rooms_changed(const Member& member);
  void left(const Member& member);

 private:
  struct Leaving {
    SteadyTime due;
    std::string room;
    std::string account;
    PresenceTable::Departure departure;
  };

  void enter(const std::string& room, std::string_view account);
  void leave(const std::string& room, std::string_view account);
  void on_grace_over();
  void settle(const Leaving& leaving);
  void tell(std::string_view event, const std::string& room, std::string_view account);

  LocalHub& hub_;
  PresenceTable& table_;
  PresenceLedger* const ledger_;
  const std::chrono::milliseconds grace_;
  std::unordered_map<const Member*, std::vector<std::string>> rooms_;
  std::deque<Leaving> leaving_;  // in the order of time
  MemberTimer<RoomPresence, &RoomPresence::on_grace_over> timer_{*this};
};

}  // namespace relay
