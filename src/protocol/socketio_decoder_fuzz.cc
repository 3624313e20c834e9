// Lines as messages: one that begins with `b` is binary, the others are text. Every packet that comes out,
// written again from its parts, must be read as the same packet.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "protocol/json_scanner.h"
#include "protocol/socketio_decoder.h"

namespace relay::socketio {
namespace {

constexpr unsigned depth_max = 8;
constexpr std::size_t packet_bytes_max = 1000;

void check_written_again(const Packet& packet) {
  std::string text;
  if (packet.is_event()) {
    append_event_header(text, packet.namespace_name, packet.id, packet.attachments);
  } else {
    append_ack_header(text, packet.namespace_name, *packet.id, packet.attachments);
  }
  text += '[';
  text += packet.event_name_json;
  if (packet.is_event() && packet.arguments_count > 0) text += ',';
  text += packet.arguments_json;
  text += ']';
  const auto again = parse_packet(text, depth_max);
  RELAY_CHECK(again.has_value());
  RELAY_CHECK(again->type == packet.type && again->id == packet.id &&
              again->attachments == packet.attachments);
  RELAY_CHECK(again->namespace_name == packet.namespace_name);
  RELAY_CHECK(again->event_name_json == packet.event_name_json);
  RELAY_CHECK(again->arguments_json == packet.arguments_json);
  RELAY_CHECK(again->arguments_count == packet.arguments_count);
}

void check(const Assembled& assembled) {
  const Packet& packet = assembled.packet;
  RELAY_CHECK(packet.attachments <= attachments_max);
  RELAY_CHECK(assembled.attachments.size() == packet.attachments);
  RELAY_CHECK(packet.namespace_name.starts_with('/'));
  if (!packet.json.empty()) RELAY_CHECK(relay::validate_json(packet.json, depth_max).has_value());
  std::size_t bytes = packet.json.size();
  for (const std::string& attachment : assembled.attachments) bytes += attachment.size();
  RELAY_CHECK(bytes <= packet_bytes_max);
  if (packet.is_event()) RELAY_CHECK(!packet.event_name_json.empty());
  if (packet.is_event() || (packet.is_ack() && packet.id && !packet.json.empty()))
    check_written_again(packet);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input = relay::replace_invalid_utf8({reinterpret_cast<const char*>(data), size});
  std::string_view rest = input;
  Decoder decoder(packet_bytes_max, depth_max);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string line(rest.substr(0, end));  // its own memory, for the sanitizer
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const bool is_binary = line.starts_with('b');
    const auto result = is_binary ? decoder.binary(std::string_view(line).substr(1)) : decoder.text(line);
    if (!result) return 0;
    if (*result) check(**result);
    RELAY_CHECK(decoder.buffered_bytes() <= packet_bytes_max + 2048);
  }
  return 0;
}

}  // namespace relay::socketio
