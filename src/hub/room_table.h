#pragma once
// What the log knows of each room: which workers have members of it, and which of its events are retained.
//
// The workers change only with a worker's first join and last leave of a room. The history begins with the
// first retained event, and ends when its floor has lost its meaning; see expire_floors().
//
// Threading: none of its own; the log holds its lock around every call.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "hub/event.h"
#include "hub/room_history.h"

namespace relay {

inline constexpr unsigned workers_max = 64;

// Bit i is worker i.
using WorkerSet = std::uint64_t;

class RoomTable {
 public:
  explicit RoomTable(unsigned workers_count);

  // ---- the audience

  void join(unsigned worker, std::string_view namespace_name, std::string_view room);
  void leave(unsigned worker, std::string_view namespace_name, std::string_view room);

  // The workers that may have members of the audience; never fewer.
  [[nodiscard]] WorkerSet workers_of(const Audience& audience) const;
  [[nodiscard]] WorkerSet workers_of_room(std::string_view namespace_name, std::string_view room) const;
  [[nodiscard]] std::size_t occupied_count() const noexcept { return occupied_count_; }

  // ---- what is retained
  // The events for everyone in a namespace are those of its room with the empty name.

  // Both sides of a room with one look-up. Makes the history when there is none.
  struct Target {
    WorkerSet workers;
    RoomHistory& history;
  };
  [[nodiscard]] Target target(std::string_view namespace_name, std::string_view room);
  // Null when nothing is or was retained lately.
  [[nodiscard]] const RoomHistory* find_history(std::string_view namespace_name, std::string_view room) const;
  // Evicts the oldest event of a room, if it is this one.
  bool evict(std::string_view namespace_name, std::string_view room, Position position, std::size_t bytes);

  // Nobody can resume from below the floor of a room.
  [[nodiscard]] Position floor(std::string_view namespace_name, std::string_view room) const;
  // Forgets the empty histories whose floors lie below `position`, from where nobody resumes anyway.
  void expire_floors(Position position);
  // Forgets the oldest floor of an empty history; those of all rooms that have none rise to it. False when
  // there is none.
  bool forget_floor();

  // As if all rooms had lost what they had up to there.
  void raise_floor(Position floor) noexcept { forgotten_floor_ = std::max(forgotten_floor_, floor); }

  // What the histories take, without their positions.
  [[nodiscard]] std::size_t history_bytes() const noexcept { return history_bytes_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Record {
    WorkerSet workers = 0;
    std::unique_ptr<RoomHistory> history = {};
    bool floor_waits = false;  // it is in floors_
  };
  using Records = std::unordered_map<std::string, Record, Hash, std::equal_to<>>;

  // Rooms of the main namespace are keyed by their name alone; those of others with the namespace in front.
  [[nodiscard]] static std::string key_of(std::string_view namespace_name, std::string_view room);
  [[nodiscard]] Records::const_iterator find(std::string_view namespace_name, std::string_view room) const;
  [[nodiscard]] Records::iterator find(std::string_view namespace_name, std::string_view room);
  [[nodiscard]] WorkerSet home_of(std::string_view room) const;
  [[nodiscard]] static std::size_t bytes_of(const Records::value_type& record) noexcept;
  void drop_history(Records::value_type& record);
  void erase_if_unused(const Records::value_type& record);

  const unsigned workers_count_;
  Records records_;
  std::size_t occupied_count_ = 0;
  std::size_t history_bytes_ = 0;
  std::deque<Records::value_type*> floors_;  // of empty histories, about in the order of their floors
  Position forgotten_floor_ = 0;
};

}  // namespace relay
