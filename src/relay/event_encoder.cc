#include "relay/event_encoder.h"

#include <utility>

#include "hub/position.h"
#include "protocol/json_writer.h"

namespace relay {
namespace {

void append_envelope(std::string& out, const EventContent& content) {
  out += R"({"type":)";
  append_json_string(out, content.type);
  out += R"(,"payload":)";
  out += content.payload_json;
  out += R"(,"issuedAt":)";
  append_json_string(out, content.issued_at);
  if (!content.from.empty()) {
    out += R"(,"from":)";
    append_json_string(out, content.from);
  }
  out += '}';
}

}  // namespace

std::shared_ptr<EncodedPacket> encode_notice(std::string_view name, std::string_view argument_json) {
  std::string payload = "42[";
  append_json_string(payload, name);
  payload += ',';
  payload += argument_json;
  payload += ']';
  return encode_text_packet(payload);
}

EncodedEvent encode_event(const EventContent& content, const EventFormat& format) {
  // The frame's header depends on the length of what it heads, so that is written first, into memory that is
  // kept.
  thread_local std::string payload;
  payload.assign("42[");
  append_json_string(payload, format.fixed_name ? std::string_view(*format.fixed_name) : content.type);
  payload += ',';
  if (format.bare_payload) {
    payload += content.payload_json;
  } else {
    append_envelope(payload, content);
  }
  std::size_t offset_at = 0;
  if (format.with_offset) {
    payload += ",\"";
    offset_at = payload.size();
    payload.append(offset_length, '.');
    payload += '"';
  }
  payload += ']';

  auto packet = encode_text_packet(payload);
  const std::size_t header_size = packet->header_size;
  if (payload.capacity() > 1024 * 1024) std::string().swap(payload);
  return {std::move(packet), offset_at == 0 ? 0 : offset_at + header_size};
}

}  // namespace relay
