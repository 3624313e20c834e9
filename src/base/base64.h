#pragma once
// Base64 and base64url (RFC 4648 §4 and §5). Threading: any.

#include <optional>
#include <string>
#include <string_view>

namespace relay {

// The standard alphabet, padded.
void append_base64(std::string& out, std::string_view bytes);

// The URL alphabet, without padding.
void append_base64url(std::string& out, std::string_view bytes);

// For what Socket.IO clients send: both alphabets, padding optional, unused bits ignored. Nullopt for any
// other character, for padding in the wrong place and for a lone last character.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

// For tokens, where every byte string has exactly one spelling: the URL alphabet only, no padding, unused
// bits zero.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace relay
