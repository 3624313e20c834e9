// Frames in random pieces give the messages, or the error, that they give in one piece.
//
// The first byte seeds the cutting; the rest is the wire. To get past the mask bit, which the fuzzer would
// have to find again for every frame, an odd seed makes the wire from a script: a byte of flags and opcode, a
// length, the payload.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "protocol/websocket_decoder.h"

namespace relay::websocket {
namespace {

constexpr std::size_t message_bytes_max = 300;

struct Outcome {
  std::vector<std::string> messages;  // each with its kind in front
  int error = 0;

  bool operator==(const Outcome&) const = default;
};

std::string wire_from_script(std::string_view script) {
  std::string wire;
  const std::string mask = "\x12\x80\xFF\x01";
  while (script.size() >= 2) {
    const auto length = std::min<std::size_t>(static_cast<unsigned char>(script[1]), script.size() - 2);
    wire += script[0];
    if (length < 126) {
      wire += static_cast<char>(0x80U | length);
    } else {
      wire += '\xFE';
      wire += '\0';
      wire += static_cast<char>(length);
    }
    wire += mask;
    for (std::size_t i = 0; i < length; ++i) wire += static_cast<char>(script[2 + i] ^ mask[i % 4]);
    script.remove_prefix(2 + length);
  }
  return wire;
}

// Feeds one piece; false after an error.
bool feed(Decoder& decoder, std::span<char> piece, Outcome& outcome) {
  for (;;) {
    const auto result = decoder.next(piece);
    if (!result) {
      outcome.error = static_cast<int>(result.error());
      return false;
    }
    if (!*result) break;
    const Message& message = **result;
    RELAY_CHECK(message.payload.size() <= message_bytes_max);
    RELAY_CHECK(message.kind != Message::Kind::text || relay::is_valid_utf8(message.payload));
    outcome.messages.push_back(std::to_string(static_cast<int>(message.kind)) + std::string(message.payload));
  }
  RELAY_CHECK(piece.empty());
  RELAY_CHECK(decoder.buffered_bytes() <= 4 * message_bytes_max + 1024);
  return true;
}

Outcome decode(std::string wire, std::uint32_t random, std::size_t piece_bytes_max) {
  Outcome outcome;
  Decoder decoder(message_bytes_max);
  std::span<char> rest(wire);
  while (!rest.empty()) {
    random = random * 1664525U + 1013904223U;
    const std::size_t bytes = std::min(rest.size(), 1 + (random >> 16U) % piece_bytes_max);
    // A copy, so that the sanitizer sees a view that outlives its piece.
    std::vector<char> piece(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(bytes));
    if (!feed(decoder, piece, outcome)) break;
    rest = rest.subspan(bytes);
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned seed = data[0];
  const std::string_view script(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string wire = seed % 2 == 1 ? wire_from_script(script) : std::string(script);

  Outcome whole;
  Decoder decoder(message_bytes_max);
  std::string copy = wire;
  feed(decoder, copy, whole);
  RELAY_CHECK(decode(wire, seed, 1) == whole);
  RELAY_CHECK(decode(wire, seed, 3) == whole);
  RELAY_CHECK(decode(wire, seed, 40) == whole);
  return 0;
}

}  // namespace relay::websocket
