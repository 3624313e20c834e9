#include "engine/session_id.h"

#include <algorithm>
#include <span>

#include "base/check.h"
#include "base/random.h"

namespace relay {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t slot_length = 2;

}  // namespace

SessionId SessionId::make(unsigned slot, std::string_view incarnation) {
  RELAY_DCHECK(slot < session_slots_count && incarnation.size() == incarnation_length);
  SessionId id;
  id.characters_[0] = alphabet[slot >> 6U];
  id.characters_[1] = alphabet[slot & 63U];
  std::ranges::copy(incarnation, id.characters_.begin() + slot_length);
  random_token(std::span(id.characters_).subspan(slot_length + incarnation_length));
  return id;
}

std::optional<unsigned> SessionId::slot_of(std::string_view sid, std::string_view incarnation) {
  if (sid.size() != length || sid.substr(slot_length, incarnation_length) != incarnation) return std::nullopt;
  const std::size_t high = alphabet.find(sid[0]);
  const std::size_t low = alphabet.find(sid[1]);
  if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
  const std::size_t slot = (high << 6U) | low;
  return slot < session_slots_count ? std::optional(static_cast<unsigned>(slot)) : std::nullopt;
}

}  // namespace relay
