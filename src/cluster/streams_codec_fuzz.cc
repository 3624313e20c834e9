// Entries of anybody: one field a line, its name up to the first blank. What is taken is an event that can be
// sent and read again as it is; and nothing is taken as signed that was not.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "cluster/broadcast_packet.h"
#include "cluster/streams_codec.h"

namespace {

using relay::BusEvent;
using relay::BusMac;
using relay::StreamFieldView;
using relay::StreamsCodec;

const relay::BusLimits limits = {.message_bytes_max = 1 << 20, .values_max = 100'000, .rooms_max = 1000};
const relay::BusLimits generous = {.message_bytes_max = 1 << 25, .values_max = 1'000'000};

std::vector<StreamFieldView> split(std::string_view input) {
  std::vector<StreamFieldView> fields;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(line.size() < input.size() ? line.size() + 1 : line.size());
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) continue;
    fields.push_back({line.substr(0, blank), line.substr(blank + 1)});
  }
  return fields;
}

void send_and_read(const StreamsCodec& codec, const BusEvent& event) {
  const auto entry = codec.encode(event);
  if (!entry) {
    RELAY_CHECK(entry.error() == relay::RejectReason::too_large);  // deeper than a relay sends
    return;
  }
  std::vector<StreamFieldView> views;
  views.reserve(entry->fields.size());
  for (const auto& [name, value] : entry->fields) views.push_back({name, value});
  const auto read = codec.decode(views);
  RELAY_CHECK(read.has_value());
  RELAY_CHECK(read->event.name == event.name && read->event.rooms == event.rooms);
  if (event.attachments.empty()) RELAY_CHECK(read->event == event);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const BusMac mac("a secret that the fuzzer does not know");
  static const StreamsCodec mixed({.limits = limits});
  static const StreamsCodec relays({.mac = &mac, .limits = limits});
  static const StreamsCodec generous_mixed({.limits = generous});
  static const StreamsCodec generous_signed({.mac = &mac, .limits = generous});

  const auto fields = split({reinterpret_cast<const char*>(data), size});
  RELAY_CHECK(!relays.decode(fields).has_value());
  const auto message = mixed.decode(fields);
  if (!message || message->type != relay::StreamMessageType::broadcast) return 0;
  RELAY_CHECK(relay::is_valid_utf8(relay::packet_data_json(message->event)));
  BusEvent event = message->event;
  event.position = 0;  // it is not sent: the bus gives it
  send_and_read(generous_mixed, event);
  send_and_read(generous_signed, event);
  return 0;
}
