#include "protocol/query_string.h"

#include <cstddef>

namespace relay {
namespace {

constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that the escape at the front of `text` stands for, or -1 if there is none.
int escaped_byte(std::string_view text) noexcept {
  if (text.size() < 3 || text[0] != '%') return -1;
  const int high = hex_digit(text[1]);
  const int low = hex_digit(text[2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool names_equal(std::string_view encoded, std::string_view name) {
  if (encoded.find_first_of("%+") == std::string_view::npos) return encoded == name;
  return decode_query_component(encoded) == name;
}

}  // namespace

std::string decode_query_component(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (const int byte = escaped_byte(text.substr(at)); byte >= 0) {
      out += static_cast<char>(static_cast<unsigned char>(byte));
      at += 2;
    } else {
      out += text[at] == '+' ? ' ' : text[at];
    }
  }
  return out;
}

std::optional<std::string_view> QueryString::raw(std::string_view name) const {
  // From the end, because the last one wins.
  std::string_view rest = raw_;
  while (!rest.empty()) {
    const std::size_t separator = rest.rfind('&');
    const std::size_t begin = separator == std::string_view::npos ? 0 : separator + 1;
    const std::string_view pair = rest.substr(begin);
    const std::size_t equals = pair.find('=');
    if (!pair.empty() && names_equal(pair.substr(0, equals), name)) {
      return equals == std::string_view::npos ? pair.substr(pair.size()) : pair.substr(equals + 1);
    }
    rest = rest.substr(0, begin == 0 ? 0 : separator);
  }
  return std::nullopt;
}

std::optional<std::string> QueryString::get(std::string_view name) const {
  const auto value = raw(name);
  if (!value) return std::nullopt;
  return decode_query_component(*value);
}

}  // namespace relay
