#pragma once
// UTF-8 as RFC 3629 has it: shortest forms only, no surrogates, nothing above U+10FFFF.
//
// Threading: functions any, a Utf8Validator is a value of its owner.

#include <cstdint>
#include <string>
#include <string_view>

namespace relay {

[[nodiscard]] bool is_valid_utf8(std::string_view text);

// Whether `valid_utf8` holds a C0 or C1 control or DEL (U+0000-001F, U+007F-009F).
[[nodiscard]] bool has_control_character(std::string_view valid_utf8);

// `text` with every maximal wrong part replaced by U+FFFD, as browsers and the WHATWG Encoding standard do.
// At most three times as long as `text`.
[[nodiscard]] std::string replace_invalid_utf8(std::string_view text);

// Validates a text that comes in pieces, which may end in the middle of a character.
class Utf8Validator {
 public:
  // False as soon as `piece` holds a byte with which no valid text goes on; then only reset() may follow.
  [[nodiscard]] bool feed(std::string_view piece);
  [[nodiscard]] bool feed(char byte) noexcept;

  // Whether the text so far ends between two characters.
  [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }

  void reset() noexcept { missing_ = 0; }

 private:
  std::uint8_t missing_ = 0;  // bytes until the character that was begun is whole
  std::uint8_t low_ = 0x80;   // the range of the next of them, narrower after some first bytes
  std::uint8_t high_ = 0xBF;
};

}  // namespace relay
