// Four header values, a line each. What passes has a key of the right form and gives a key of 28 characters.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/base64.h"
#include "base/check.h"
#include "protocol/websocket_handshake.h"

namespace relay::websocket {
namespace {

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::array<std::string_view, 4> lines;
  for (std::string_view& line : lines) line = take_line(text);
  const HandshakeHeaders headers{lines[0], lines[1], lines[2], lines[3]};
  if (check_handshake(headers)) {
    RELAY_CHECK(accept_key(headers.key).size() == 28);
    RELAY_CHECK(headers.upgrade.size() >= 9 && headers.connection.size() >= 7);
    RELAY_CHECK(headers.version.find_first_of("83") != std::string_view::npos);
  }
  const std::string_view protocol = first_subprotocol(text);
  RELAY_CHECK(protocol.find_first_of(", \t\r\n") == std::string_view::npos);
  RELAY_CHECK(protocol.empty() || has_token(text, protocol));
  return 0;
}

}  // namespace relay::websocket
