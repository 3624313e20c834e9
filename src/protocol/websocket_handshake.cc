#include "protocol/websocket_handshake.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include <openssl/evp.h>

#include "base/base64.h"
#include "base/check.h"

namespace relay::websocket {
namespace {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

constexpr bool is_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t";
  const std::size_t begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// The next element of a comma-separated list, without blanks around it; it is taken off.
std::string_view take_element(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view element = trim(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return element;
}

// A token of RFC 9110 §5.6.2.
bool is_token(std::string_view text) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [marks](char c) {
    return is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
  });
}

// 16 bytes in base64: 22 digits and the padding.
bool is_key(std::string_view text) noexcept {
  constexpr std::size_t digits_count = 22;
  return text.size() == digits_count + 2 && text.ends_with("==") &&
         std::ranges::all_of(text.substr(0, digits_count),
                             [](char c) { return is_alphanumeric(c) || c == '+' || c == '/'; });
}

}  // namespace

std::string_view describe(HandshakeError error) noexcept {
  switch (error) {
    case HandshakeError::not_an_upgrade:
      return "Invalid Upgrade header";
    case HandshakeError::invalid_key:
      return "Missing or invalid Sec-WebSocket-Key header";
    case HandshakeError::unsupported_version:
      return "Missing or invalid Sec-WebSocket-Version header";
  }
  return {};
}

std::expected<void, HandshakeError> check_handshake(const HandshakeHeaders& headers) {
  if (!has_token(headers.upgrade, "websocket") || !has_token(headers.connection, "upgrade")) {
    return std::unexpected(HandshakeError::not_an_upgrade);
  }
  if (!is_key(trim(headers.key))) return std::unexpected(HandshakeError::invalid_key);
  const std::string_view version = trim(headers.version);
  if (version != "13" && version != "8") return std::unexpected(HandshakeError::unsupported_version);
  return {};
}

std::string accept_key(std::string_view sec_websocket_key) {
  constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::string text(trim(sec_websocket_key));
  text += guid;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned digest_bytes = 0;
  // Fetched once: a fetch walks the providers under a lock.
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  RELAY_CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &digest_bytes, sha1, nullptr) == 1);
  std::string accept;
  append_base64(accept, {reinterpret_cast<const char*>(digest.data()), digest_bytes});
  return accept;
}

std::string_view first_subprotocol(std::string_view header) noexcept {
  while (!header.empty()) {
    const std::string_view protocol = take_element(header);
    if (!protocol.empty()) return is_token(protocol) ? protocol : std::string_view();
  }
  return {};
}

bool has_token(std::string_view list, std::string_view token) noexcept {
  while (!list.empty()) {
    if (equals_ignoring_case(take_element(list), token)) return true;
  }
  return false;
}

}  // namespace relay::websocket
