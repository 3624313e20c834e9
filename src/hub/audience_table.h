#pragma once
// Which workers a room concerns. Changed only by a worker's first join and last leave of a room.
//
// Threading: none of its own; the log holds its lock around every call.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "hub/event.h"

namespace relay {

inline constexpr unsigned workers_max = 64;

// Bit i is worker i.
using WorkerSet = std::uint64_t;

class AudienceTable {
 public:
  explicit AudienceTable(unsigned workers_count);

  void join(unsigned worker, std::string_view namespace_name, std::string_view room);
  void leave(unsigned worker, std::string_view namespace_name, std::string_view room);

  // The workers that may have members of the audience; never fewer.
  [[nodiscard]] WorkerSet workers_of(const Audience& audience) const;

  [[nodiscard]] std::size_t rooms_count() const noexcept { return rooms_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };

  // Rooms of the main namespace are keyed by their name alone; those of others with the namespace in front.
  [[nodiscard]] static std::string key_of(std::string_view namespace_name, std::string_view room);
  [[nodiscard]] WorkerSet workers_of_room(std::string_view namespace_name, std::string_view room) const;

  const unsigned workers_count_;
  std::unordered_map<std::string, WorkerSet, Hash, std::equal_to<>> rooms_;
};

}  // namespace relay
