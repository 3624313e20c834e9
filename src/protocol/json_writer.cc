#include "protocol/json_writer.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <limits>

namespace relay {
namespace {

constexpr bool must_be_escaped(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_escape(std::string& out, char c) {
  constexpr std::string_view with_letter = "\b\t\n\f\r\"\\";
  constexpr std::string_view letters = "btnfr\"\\";
  out += '\\';
  if (const std::size_t at = with_letter.find(c); at != std::string_view::npos) {
    out += letters[at];
    return;
  }
  constexpr std::string_view hex_digits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "u00";
  out += hex_digits[byte >> 4U];
  out += hex_digits[byte & 15U];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t begin = 0;  // of a run that needs no escape
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!must_be_escaped(text[at])) continue;
    out.append(text.substr(begin, at - begin));
    append_escape(out, text[at]);
    begin = at + 1;
  }
  out.append(text.substr(begin));
  out += '"';
}

void append_json_number(std::string& out, std::int64_t number) {
  std::array<char, std::numeric_limits<std::int64_t>::digits10 + 2> digits;
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  out.append(digits.data(), result.ptr);
}

}  // namespace relay
