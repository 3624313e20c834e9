#pragma once
// JSON texts as MessagePack and back, as a Node server with the official adapters would send and read them.
//
// Attachments: what is binary in MessagePack is, in JSON, an object {"_placeholder":true,"num":N} and the
// N-th of a list of byte strings, as in Socket.IO's packets.
//
// Threading: any.

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/bus_event.h"
#include "cluster/msgpack_tree.h"
#include "cluster/reject_reason.h"

namespace relay {

// What a text keeps on its way through MessagePack, beside its spelling, which it does not keep: white space,
// escapes, the notation of numbers and all but the last of duplicate members go.
struct MsgpackFidelity {
  // Every number is an integer of 64 bits, or one that a double holds with all digits written.
  bool numbers_exact = true;
  // No string held half a surrogate pair; such a half becomes U+FFFD.
  bool strings_exact = true;
  // It certainly reads back as the same text. False says nothing.
  bool is_canonical = true;
};

// Appends `json`, valid UTF-8, in one pass. Integers of 64 bits take the smallest form whatever their
// spelling (1.0, 1e3); all other numbers are float64, infinite beyond its range. Of duplicate members the
// last value stands in the place of the first. Every object that is a placeholder of one of the attachments
// becomes that. Refuses what is not JSON (malformed), and more than bus_arguments_depth_max levels, or than
// the limits of values and bytes (too_large); what was appended by then is to be thrown away.
[[nodiscard]] std::expected<MsgpackFidelity, RejectReason> append_json_as_msgpack(
    std::string& out, std::string_view json, std::span<const std::string> attachments,
    const BusLimits& limits);

struct JsonWithAttachments {
  std::string json;
  std::vector<std::string> attachments;
};

// Appends one value of the tree as JSON.stringify would write it: numbers as JavaScript spells them (but
// integers with all their digits), NaN and the infinities as null, timestamps as ISO 8601, `undefined` as
// null in arrays and not at all in objects, other extensions as [type, attachment]; keys that are no strings
// as their text. Duplicate members stay. Bytes that are no UTF-8 become U+FFFD. Refuses keys that have no
// text (malformed), and more attachments than the limits allow (too_large). The text has at most 8 bytes for
// each byte of the message, and 64 for each attachment.
[[nodiscard]] std::expected<void, RejectReason> append_msgpack_as_json(JsonWithAttachments& out,
                                                                       const MsgpackTree& tree,
                                                                       const MsgpackNode& node,
                                                                       const BusLimits& limits);

// A whole message of one value.
[[nodiscard]] std::expected<JsonWithAttachments, RejectReason> msgpack_to_json(std::string_view bytes,
                                                                               const BusLimits& limits);

// A name or room: a string, or an integer as its text. Nullopt for anything else.
[[nodiscard]] std::optional<std::string> msgpack_text(const MsgpackNode& node);

}  // namespace relay
