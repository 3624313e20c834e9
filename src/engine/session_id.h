#pragma once
// The Engine.IO `sid`: a bearer secret, and at once the address of the session.
//
//     [ 2: slot ][ 6: node incarnation ][ 22: random, 132 bits ]
//
// The slot, 0..1023, names the worker (slot mod workers), so that a request that the kernel gave to another
// worker finds its session. The incarnation is drawn at each start: a sid of an earlier process, or of
// another node, is told from one that has ended.

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace relay {

inline constexpr unsigned session_slots_count = 1024;

class SessionId {
 public:
  static constexpr std::size_t length = 30;
  static constexpr std::size_t incarnation_length = 6;

  // `slot` below session_slots_count; `incarnation` of incarnation_length characters.
  [[nodiscard]] static SessionId make(unsigned slot, std::string_view incarnation);

  // Where the session called `sid` lives, if this process made that name; nullopt for anything else.
  [[nodiscard]] static std::optional<unsigned> slot_of(std::string_view sid, std::string_view incarnation);

  [[nodiscard]] std::string_view text() const noexcept { return {characters_.data(), characters_.size()}; }

 private:
  std::array<char, length> characters_;
};

}  // namespace relay
