#include "hub/socket_id.h"

#include <algorithm>
#include <span>

#include "base/random.h"

namespace relay {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

SocketId SocketId::make(unsigned slot) {
  SocketId id;
  id.characters_[0] = '~';
  id.characters_[1] = alphabet[slot >> 6U & 63U];
  id.characters_[2] = alphabet[slot & 63U];
  random_token(std::span(id.characters_).subspan(3));
  return id;
}

std::optional<SocketId> SocketId::parse(std::string_view text) {
  if (!slot_of(text)) return std::nullopt;
  SocketId id;
  std::ranges::copy(text, id.characters_.begin());
  return id;
}

std::optional<unsigned> SocketId::slot_of(std::string_view room) {
  if (room.size() != socket_id_length || room[0] != '~') return std::nullopt;
  const std::size_t high = alphabet.find(room[1]);
  const std::size_t low = alphabet.find(room[2]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>((high << 6U) | low);
}

}  // namespace relay
