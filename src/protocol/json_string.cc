#include <cstdint>

#include "protocol/json_scanner.h"

namespace relay {
namespace {

std::string_view without_quotes(std::string_view quoted) noexcept {
  return quoted.substr(1, quoted.size() - 2);
}

std::uint32_t hex_value(std::string_view four_digits) noexcept {
  std::uint32_t value = 0;
  for (const char c : four_digits) {
    const auto digit = static_cast<std::uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    value = value << 4U | digit;
  }
  return value;
}

char simple_escape(char c) noexcept {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // a quote, a backslash or a slash
  }
}

void append_utf8(std::string& out, std::uint32_t code_point) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code_point < 0x80) return put(code_point);
  if (code_point < 0x800) {
    put(0xC0U | code_point >> 6U);
  } else if (code_point < 0x10000) {
    put(0xE0U | code_point >> 12U);
    put(0x80U | (code_point >> 6U & 0x3FU));
  } else {
    put(0xF0U | code_point >> 18U);
    put(0x80U | (code_point >> 12U & 0x3FU));
    put(0x80U | (code_point >> 6U & 0x3FU));
  }
  put(0x80U | (code_point & 0x3FU));
}

// The code point of the \uXXXX at the front of `text`, with its second half if it needs one; both are taken
// off.
std::optional<std::uint32_t> take_unicode_escape(std::string_view& text) noexcept {
  const std::uint32_t unit = hex_value(text.substr(2, 4));
  text.remove_prefix(6);
  if (unit < 0xD800 || unit > 0xDFFF) return unit;
  if (unit > 0xDBFF || !text.starts_with("\\u")) return std::nullopt;
  const std::uint32_t second = hex_value(text.substr(2, 4));
  if (second < 0xDC00 || second > 0xDFFF) return std::nullopt;
  text.remove_prefix(6);
  return 0x10000U + ((unit - 0xD800U) << 10U) + (second - 0xDC00U);
}

}  // namespace

JsonKind json_kind(std::string_view value) noexcept {
  switch (value.front()) {
    case '{':
      return JsonKind::object;
    case '[':
      return JsonKind::array;
    case '"':
      return JsonKind::string;
    case 't':
      return JsonKind::true_;
    case 'f':
      return JsonKind::false_;
    case 'n':
      return JsonKind::null_;
    default:
      return JsonKind::number;
  }
}

std::optional<std::string> decode_json_string(std::string_view quoted) {
  std::string_view text = without_quotes(quoted);
  std::string out;
  out.reserve(text.size());
  for (;;) {
    const std::size_t plain = text.find('\\');
    out.append(text.substr(0, plain));
    if (plain == std::string_view::npos) return out;
    text.remove_prefix(plain);
    if (text[1] != 'u') {
      out += simple_escape(text[1]);
      text.remove_prefix(2);
      continue;
    }
    const std::optional<std::uint32_t> code_point = take_unicode_escape(text);
    if (!code_point) return std::nullopt;
    append_utf8(out, *code_point);
  }
}

bool json_string_equals(std::string_view quoted, std::string_view plain) {
  const std::string_view text = without_quotes(quoted);
  if (text.size() < plain.size()) return false;  // escapes only make longer
  if (text.find('\\') == std::string_view::npos) return text == plain;
  return decode_json_string(quoted) == plain;
}

}  // namespace relay
