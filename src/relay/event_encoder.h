#pragma once
// A validated event in its wire form: encoded once, for all recipients on all transports.
//
//     42["vote.cast",{"type":"vote.cast","payload":<as it came>,"issuedAt":"…","from":"…"},"<offset>"]
//
// The payload's bytes are spliced in unchanged. The offset's slot is left for the log to fill.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/frame.h"

namespace relay {

struct EventFormat {
  std::optional<std::string> fixed_name = {};  // EMIT_AS: instead of the event's own type
  bool bare_payload = false;                   // ENVELOPE=raw
  bool with_offset = true;                     // recovery is on
};

struct EventContent {
  std::string_view type;
  std::string_view payload_json;  // one valid JSON value
  std::string_view issued_at;
  std::string_view from = {};  // the account of a client event; left out when empty
};

struct EncodedEvent {
  std::shared_ptr<EncodedPacket> packet;  // not shared yet
  std::size_t offset_at;                  // in the packet's bytes; 0 without an offset
};

// Threading: any.
// One of the relay's own (`relay:…`): no envelope, no offset.
[[nodiscard]] std::shared_ptr<EncodedPacket> encode_notice(std::string_view name,
                                                           std::string_view argument_json);
[[nodiscard]] EncodedEvent encode_event(const EventContent& content, const EventFormat& format);

}  // namespace relay
