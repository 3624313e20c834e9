#pragma once
// The server's half of the opening handshake (RFC 6455 §4.2), over header values; the HTTP around it is the
// caller's.
//
// Threading: any.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace relay::websocket {

// Empty where the request has no such header; several headers of a name are joined with commas.
struct HandshakeHeaders {
  std::string_view upgrade;
  std::string_view connection;
  std::string_view key;      // Sec-WebSocket-Key
  std::string_view version;  // Sec-WebSocket-Version
};

enum class HandshakeError : std::uint8_t { not_an_upgrade, invalid_key, unsupported_version };

// What to answer in the body of the 400.
[[nodiscard]] std::string_view describe(HandshakeError error) noexcept;

// For the header Sec-WebSocket-Version of the answer to unsupported_version.
inline constexpr std::string_view supported_versions = "13, 8";

// In the order of the enumerators. Method and HTTP version are not looked at.
[[nodiscard]] std::expected<void, HandshakeError> check_handshake(const HandshakeHeaders& headers);

// Sec-WebSocket-Accept for a key that check_handshake() let pass.
[[nodiscard]] std::string accept_key(std::string_view sec_websocket_key);

// The first protocol that `header`, a Sec-WebSocket-Protocol, offers; empty if none is there or it is not a
// token.
[[nodiscard]] std::string_view first_subprotocol(std::string_view header) noexcept;

// Whether `list`, a comma-separated header value, contains `token`, in any case of the letters.
[[nodiscard]] bool has_token(std::string_view list, std::string_view token) noexcept;

}  // namespace relay::websocket
