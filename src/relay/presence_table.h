#pragma once
// Which accounts are in which rooms, for those who are told when that changes (PRESENCE_EVENTS).
//
// An account is in a room as long as it has a socket there, and for a grace afterwards, so that a reload or a
// broken connection is no coming and going.
//
// Bound: one record for each account and room with a socket, and for those whose grace lasts.
//
// Threading: safe from any thread. One mutex, held for a look-up.

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace relay {

class PresenceTable {
 public:
  // Names one departure; 0 is none.
  using Departure = std::uint64_t;

  // A socket of the account is in the room now. True: the account was not.
  [[nodiscard]] bool join(std::string_view room, std::string_view account);
  // A socket left. Returns the departure if it was the account's last: after the grace it may settle().
  [[nodiscard]] Departure leave(std::string_view room, std::string_view account);
  // True if the account did not come back since: it is not in the room any more.
  [[nodiscard]] bool settle(std::string_view room, std::string_view account, Departure departure);

  [[nodiscard]] std::size_t size() const;

 private:
  struct Record {
    std::size_t sockets = 0;
    Departure departure = 0;
  };
  using Key = std::pair<std::string, std::string>;

  mutable std::mutex mutex_;
  std::map<Key, Record> records_;  // guarded by mutex_
  Departure departures_ = 0;       // guarded by mutex_
};

}  // namespace relay
