#pragma once
// The Socket.IO `sid`, public: `~`, 2 characters for the slot (as in SessionId), 17 random ones. A socket's
// id is a room too; its slot tells which worker that room can concern, so that no table needs to know it.

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace relay {

inline constexpr std::size_t socket_id_length = 20;

class SocketId {
 public:
  [[nodiscard]] static SocketId make(unsigned slot);

  // An id as it came from outside; nullopt when it can be none.
  [[nodiscard]] static std::optional<SocketId> parse(std::string_view text);

  // The slot in the name of a room, if that room can be a socket's.
  [[nodiscard]] static std::optional<unsigned> slot_of(std::string_view room);

  [[nodiscard]] std::string_view text() const noexcept { return {characters_.data(), characters_.size()}; }

 private:
  std::array<char, socket_id_length> characters_;
};

}  // namespace relay
