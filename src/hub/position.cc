#include "hub/position.h"

#include <algorithm>

#include "base/check.h"
#include "base/random.h"

namespace relay {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";
static_assert(alphabet.size() == 64);

}  // namespace

Epoch Epoch::random() {
  return *of(random_token(epoch_length));
}

std::optional<Epoch> Epoch::of(std::string_view text) {
  if (text.size() != epoch_length) return std::nullopt;
  Epoch epoch;
  std::ranges::copy(text, epoch.letters_.begin());
  return epoch;
}

OffsetText format_offset(std::string_view epoch, Position position) {
  RELAY_DCHECK(epoch.size() == epoch_length);
  OffsetText text;
  std::ranges::copy(epoch, text.begin());
  text[epoch_length] = '.';
  for (std::size_t i = offset_length - 1; i > epoch_length; --i) {
    text[i] = alphabet[position & 63U];
    position >>= 6U;
  }
  return text;
}

std::optional<Offset> parse_offset(std::string_view text) {
  if (text.size() != offset_length || text[epoch_length] != '.') return std::nullopt;
  Position position = 0;
  for (const char c : text.substr(epoch_length + 1)) {
    const std::size_t digit = alphabet.find(c);
    if (digit == std::string_view::npos || position >> 58U != 0) return std::nullopt;
    position = (position << 6U) | digit;
  }
  return Offset{text.substr(0, epoch_length), position};
}

std::optional<Position> parse_offset(std::string_view epoch, std::string_view text) {
  const auto offset = parse_offset(text);
  if (!offset || offset->epoch != epoch) return std::nullopt;
  return offset->position;
}

}  // namespace relay
