#pragma once
// Where an event stands in the log, and the text of it that leaves the process: the offset.
//
//     [ 6: epoch ] . [ 11: position ]        Q84z6u.00000000007
//
// The epoch is drawn when the log begins, or given by the bus that the log follows, so that an offset of an
// earlier log is told from one of this. The position is written with 6 bits a character in an alphabet that
// sorts as ASCII does, always 11 characters: offsets of one epoch are ordered as strings, and their slot in a
// frame can be filled when the frame is complete.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace relay {

// From 1, in the order of the log. Not every position has an event: see EventLog::pass().
using Position = std::uint64_t;

inline constexpr std::size_t epoch_length = 6;

// Names the log that positions belong to. A value.
class Epoch {
 public:
  [[nodiscard]] static Epoch random();
  // Nullopt if the length is another one.
  [[nodiscard]] static std::optional<Epoch> of(std::string_view text);

  [[nodiscard]] std::string_view text() const noexcept { return {letters_.data(), epoch_length}; }

  friend bool operator==(const Epoch&, const Epoch&) = default;

 private:
  std::array<char, 8> letters_{};  // filled up to a size that is atomic
};
inline constexpr std::size_t offset_length = epoch_length + 1 + 11;

using OffsetText = std::array<char, offset_length>;

// `epoch` has epoch_length characters.
[[nodiscard]] OffsetText format_offset(std::string_view epoch, Position position);

struct Offset {
  std::string_view epoch;
  Position position;
};
// Of any epoch; nullopt for what is no offset. The epoch points into `text`.
[[nodiscard]] std::optional<Offset> parse_offset(std::string_view text);

// The position in an offset of this epoch; nullopt for anything else.
[[nodiscard]] std::optional<Position> parse_offset(std::string_view epoch, std::string_view text);

}  // namespace relay
