// Messages of anybody: channel, line feed, payload. What is taken is an event that can be sent and read again
// as it is; and nothing is taken as signed that was not.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "cluster/broadcast_packet.h"
#include "cluster/classic_codec.h"

namespace {

using relay::BusEvent;
using relay::BusMac;
using relay::ClassicCodec;

const relay::BusLimits limits = {.message_bytes_max = 1 << 20, .values_max = 100'000, .rooms_max = 1000};
// Texts grow when they are escaped, and a Node server may nest deeper than a relay sends.
const relay::BusLimits generous = {.message_bytes_max = 1 << 25, .values_max = 1'000'000};

void send_and_read(const ClassicCodec& codec, const BusEvent& event) {
  const auto message = codec.encode(event);
  if (!message) {
    RELAY_CHECK(message.error() == relay::RejectReason::too_large);
    return;
  }
  const auto read = codec.decode(message->channel, message->payload);
  RELAY_CHECK(read.has_value());
  if (event.attachments.empty()) {
    RELAY_CHECK(*read == event);
    return;
  }
  RELAY_CHECK(read->name == event.name && read->rooms == event.rooms);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const BusMac mac("a secret that the fuzzer does not know");
  static const ClassicCodec mixed({.limits = limits});
  static const ClassicCodec generous_mixed({.limits = generous});
  static const ClassicCodec generous_signed({.mac = &mac, .has_positions = true, .limits = generous});
  static const ClassicCodec relays({.mac = &mac, .limits = limits});

  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line_feed = input.find('\n');
  if (line_feed == std::string_view::npos) return 0;
  const std::string_view channel = input.substr(0, line_feed);
  const std::string_view payload = input.substr(line_feed + 1);

  RELAY_CHECK(!relays.decode(channel, payload).has_value());
  const auto event = mixed.decode(channel, payload);
  if (!event) return 0;
  RELAY_CHECK(mixed.room_of(channel, event->namespace_name).has_value());
  RELAY_CHECK(relay::is_valid_utf8(relay::packet_data_json(*event)));
  send_and_read(generous_mixed, *event);
  send_and_read(generous_signed, *event);
  return 0;
}
