#include "base/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <simdjson.h>

namespace relay {
namespace {

// Below this a loop over words beats the vector routine's set-up.
constexpr std::size_t short_text_bytes = 64;

bool is_short_ascii(std::string_view text) noexcept {
  constexpr std::uint64_t high_bits = 0x8080'8080'8080'8080U;
  std::uint64_t seen = 0;
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof(word));
    seen |= word;
    text.remove_prefix(sizeof(word));
  }
  for (const char c : text) seen |= static_cast<unsigned char>(c);
  return (seen & high_bits) == 0 && (seen & 0x80U) == 0;
}

constexpr bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

// How many bytes at the end of `text` begin a character and do not end it; at most 3. What is wrong in
// another way counts as 0.
std::size_t unfinished_tail(std::string_view text) noexcept {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const char c = text[text.size() - back];
    if (is_continuation(c)) continue;
    const auto first = static_cast<unsigned char>(c);
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  if (text.size() < short_text_bytes && is_short_ascii(text)) return true;
  return simdjson::validate_utf8(text.data(), text.size());
}

bool has_control_character(std::string_view valid_utf8) {
  for (std::size_t at = 0; at < valid_utf8.size(); ++at) {
    const auto byte = static_cast<unsigned char>(valid_utf8[at]);
    if (byte < 0x20 || byte == 0x7F) return true;
    // U+0080 to U+009F are C2 80 to C2 9F, and C2 begins nothing but characters of two bytes.
    if (byte == 0xC2 && at + 1 < valid_utf8.size() && static_cast<unsigned char>(valid_utf8[at + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

std::string replace_invalid_utf8(std::string_view text) {
  if (is_valid_utf8(text)) return std::string(text);

  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  Utf8Validator validator;
  std::size_t begin = 0;  // of the character that is being read
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!validator.feed(text[at])) {
      validator.reset();
      out += replacement;
      // The byte that broke a character may begin the next; one that broke nothing is wrong itself.
      const bool broke_a_character = at > begin;
      begin = broke_a_character ? at : at + 1;
      if (broke_a_character) --at;
      continue;
    }
    if (validator.complete()) {
      out.append(text, begin, at + 1 - begin);
      begin = at + 1;
    }
  }
  if (!validator.complete()) out += replacement;
  return out;
}

bool Utf8Validator::feed(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  if (missing_ > 0) {
    if (byte < low_ || byte > high_) return false;
    low_ = 0x80;
    high_ = 0xBF;
    --missing_;
    return true;
  }
  if (byte < 0x80) return true;
  if (byte < 0xC2 || byte > 0xF4) return false;
  missing_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
  low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;   // shorter forms exist below
  high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;  // surrogates; above U+10FFFF
  return true;
}

bool Utf8Validator::feed(std::string_view piece) {
  while (missing_ > 0 && !piece.empty()) {
    if (!feed(piece.front())) return false;
    piece.remove_prefix(1);
  }
  if (piece.empty()) return true;

  const std::size_t tail = unfinished_tail(piece);
  if (!is_valid_utf8(piece.substr(0, piece.size() - tail))) return false;
  for (const char c : piece.substr(piece.size() - tail)) {
    if (!feed(c)) return false;
  }
  return true;
}

}  // namespace relay
