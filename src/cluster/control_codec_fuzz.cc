// What stands before the MAC, in a message of anybody: refused as it is, and also with a good MAC taken only
// if it is what the format says. What is taken can be sent and read again as it is.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "cluster/control_codec.h"

namespace {

using relay::BusMac;
using relay::ControlCodec;
using relay::ControlMessage;

constexpr std::string_view channel = "socket.io-relay#";

std::string with_mac(const BusMac& mac, std::string_view content) {
  const std::string_view parts[] = {"control", channel, content};
  const BusMac::Mac signature = mac.sign(parts);
  return std::string(content) + "\xC4\x10" + std::string(signature.data(), signature.size());
}

// The same message by hand, with other forms of MessagePack than the codec writes.
std::string plain_content(const ControlMessage& message) {
  const auto big_endian = [](std::uint64_t number, unsigned bytes) {
    std::string text;
    while (bytes-- > 0) text += static_cast<char>(static_cast<unsigned char>(number >> (bytes * 8) & 0xFFU));
    return text;
  };
  return "\xDD" + big_endian(6, 4) + '\xCF' + big_endian(message.version, 8) + '\xDB' +
         big_endian(message.sender.size(), 4) + message.sender + '\xCF' + big_endian(message.number, 8) +
         '\xDB' + big_endian(message.kind.size(), 4) + message.kind + '\xC6' +
         big_endian(message.body.size(), 4) + message.body;
}

bool is_allowed(const ControlMessage& message) {
  return !message.sender.empty() && message.sender.size() <= 64 && relay::is_valid_utf8(message.sender) &&
         message.number != 0 && !message.kind.empty() && message.kind.size() <= 32 &&
         message.kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos &&
         message.version <= relay::bus_version + 1;
}

void check_taken(const ControlCodec& codec, ControlMessage message) {
  RELAY_CHECK(is_allowed(message));
  message.version = relay::bus_version;
  const auto payload = codec.encode(channel, message);
  RELAY_CHECK(payload.has_value());
  RELAY_CHECK(codec.decode(channel, *payload) == message);
}

// Read as the parts of a message instead: number, and sender, kind and body, each with a byte for its length.
ControlMessage message_of(std::string_view input) {
  const auto take = [&input](std::size_t size) {
    const std::string_view taken = input.substr(0, size);
    input.remove_prefix(taken.size());
    return std::string(taken);
  };
  const auto take_length = [&] { return static_cast<unsigned char>((take(1) + '\0')[0]); };
  ControlMessage message;
  message.number = take_length();
  message.sender = take(take_length());
  message.kind = take(take_length());
  message.body = input;
  return message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const BusMac mac("a secret that the fuzzer does not know");
  static const ControlCodec codec("socket.io", mac);

  const std::string_view input(reinterpret_cast<const char*>(data), size);
  RELAY_CHECK(!codec.decode(channel, input).has_value());
  if (auto taken = codec.decode(channel, with_mac(mac, input))) check_taken(codec, std::move(*taken));

  const ControlMessage message = message_of(input);
  const auto payload = codec.encode(channel, message);
  const auto by_hand = codec.decode(channel, with_mac(mac, plain_content(message)));
  RELAY_CHECK(payload.has_value() == is_allowed(message));
  RELAY_CHECK(by_hand.has_value() == is_allowed(message));
  if (by_hand) RELAY_CHECK(*by_hand == message);
  return 0;
}
