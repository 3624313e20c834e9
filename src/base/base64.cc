#include "base/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace relay {
namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

using DecodeTable = std::array<std::uint8_t, 256>;
constexpr std::uint8_t not_a_digit = 0xFF;

constexpr void add_alphabet(DecodeTable& table, std::string_view alphabet) {
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
}

constexpr DecodeTable url_table = [] {
  DecodeTable table{};
  table.fill(not_a_digit);
  add_alphabet(table, url_alphabet);
  return table;
}();

constexpr DecodeTable lenient_table = [] {
  DecodeTable table = url_table;
  add_alphabet(table, standard_alphabet);
  return table;
}();

void append_encoded(std::string& out, std::string_view bytes, std::string_view alphabet,
                    std::string_view padding) {
  const auto byte = [bytes](std::size_t at) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at]));
  };
  std::size_t end = out.size();
  // Room for whole groups; the unused end of the last one is cut off.
  out.resize(end + (bytes.size() + 2) / 3 * 4);
  const auto put = [&out, &end, alphabet](std::uint32_t bits) { out[end++] = alphabet[bits & 63U]; };

  std::size_t at = 0;
  for (; at + 3 <= bytes.size(); at += 3) {
    const std::uint32_t group = byte(at) << 16U | byte(at + 1) << 8U | byte(at + 2);
    put(group >> 18U);
    put(group >> 12U);
    put(group >> 6U);
    put(group);
  }
  const std::size_t left = bytes.size() - at;
  if (left > 0) {
    const std::uint32_t group = byte(at) << 16U | (left == 2 ? byte(at + 1) << 8U : 0U);
    put(group >> 18U);
    put(group >> 12U);
    if (left == 2) put(group >> 6U);
  }
  out.resize(end);
  if (left > 0) out.append(padding.substr(0, padding.empty() ? 0 : 3 - left));
}

struct Decoded {
  std::string bytes;
  std::uint32_t unused_bits = 0;  // the value of the bits that make no byte
};

std::optional<Decoded> decode(std::string_view digits, const DecodeTable& table) {
  if (digits.size() % 4 == 1) return std::nullopt;
  Decoded decoded;
  decoded.bytes.resize(digits.size() / 4 * 3 + (digits.size() % 4 == 0 ? 0 : digits.size() % 4 - 1));
  std::uint32_t group = 0;
  unsigned bits = 0;
  std::size_t end = 0;
  for (const char c : digits) {
    const std::uint8_t value = table[static_cast<unsigned char>(c)];
    if (value == not_a_digit) return std::nullopt;
    group = group << 6U | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      decoded.bytes[end++] = static_cast<char>(static_cast<unsigned char>(group >> bits));
      group &= (1U << bits) - 1;
    }
  }
  decoded.unused_bits = group;
  return decoded;
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  append_encoded(out, bytes, standard_alphabet, "==");
}

void append_base64url(std::string& out, std::string_view bytes) {
  append_encoded(out, bytes, url_alphabet, "");
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string_view digits = text;
  if (digits.ends_with('=')) digits.remove_suffix(1);
  if (digits.ends_with('=')) digits.remove_suffix(1);
  const bool padded = digits.size() != text.size();
  if (padded && text.size() % 4 != 0) return std::nullopt;
  std::optional<Decoded> decoded = decode(digits, lenient_table);
  if (!decoded) return std::nullopt;
  return std::move(decoded->bytes);
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::optional<Decoded> decoded = decode(text, url_table);
  if (!decoded || decoded->unused_bits != 0) return std::nullopt;
  return std::move(decoded->bytes);
}

}  // namespace relay
