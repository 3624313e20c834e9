#include "cluster/event_conversion.h"

#include <utility>

#include "protocol/json_scanner.h"
#include "protocol/json_writer.h"
#include "protocol/socketio_packet.h"

namespace relay {
namespace {

constexpr std::string_view own_prefix = "relay:";

// What a packet usually has besides the arguments.
constexpr std::size_t usual_frame_bytes = 128;

// The array of an EVENT packet in a frame: `42["name",…]`, `451-/chat,["name",…]`.
std::string_view array_of(const EncodedPacket& packet) {
  const std::string_view payload = packet.payload();
  return payload.substr(payload.find('['));
}

}  // namespace

BusEvent to_bus_event(const NewEvent& event) {
  BusEvent out;
  out.namespace_name = event.audience.namespace_name;
  out.rooms = event.audience.rooms;
  out.except = event.audience.except;
  out.is_volatile = event.is_volatile;
  out.is_listed = event.is_listed && !event.audience.except.empty();
  // The frame is ours, and valid.
  const std::string_view array = array_of(*event.packet);
  const std::string_view name = JsonScanner(array.substr(1), json_depth_limit).scan_value().value_or("");
  out.name = decode_json_string(name).value_or("");
  const auto begin = static_cast<std::size_t>(name.data() + name.size() - array.data());
  std::size_t end = array.size() - 1;
  if (event.offset_at > 0) end -= offset_length + 3;  // ,"…"
  if (end > begin) out.arguments_json = array.substr(begin + 1, end - begin - 1);
  for (const EncodedPacketPtr& attachment : event.attachments)
    out.attachments.emplace_back(attachment->payload());
  return out;
}

NewEvent from_bus_event(BusEvent event, bool with_offset) {
  NewEvent out;
  const bool is_own = event.name.starts_with(own_prefix);
  std::string payload;
  payload.reserve(event.arguments_json.size() + usual_frame_bytes);
  payload += '4';
  socketio::append_event_header(payload, event.namespace_name, {},
                                static_cast<unsigned>(event.attachments.size()));
  payload += '[';
  append_json_string(payload, event.name);
  if (!event.arguments_json.empty()) {
    payload += ',';
    payload += event.arguments_json;
  }
  std::size_t offset_at = 0;
  if (with_offset && !is_own) {
    payload += ",\"";
    offset_at = payload.size();
    payload.append(offset_length, '.');
    payload += '"';
  }
  payload += ']';
  out.packet = encode_text_packet(payload);
  out.offset_at = offset_at == 0 ? 0 : offset_at + out.packet->header_size;
  for (const std::string& attachment : event.attachments)
    out.attachments.push_back(encode_packet(attachment, true));
  out.is_volatile = event.is_volatile;
  out.is_retained = !is_own;
  out.is_listed = !is_own && (event.except.empty() || event.is_listed);
  out.position = event.position;
  out.audience = {.namespace_name = std::move(event.namespace_name),
                  .rooms = std::move(event.rooms),
                  .except = std::move(event.except)};
  return out;
}

}  // namespace relay
