#pragma once
// Entries of the stream of @socket.io/redis-streams-adapter 0.3.
//
//     uid   the sender
//     nsp   the namespace
//     type  of the message, decimal
//     data  {"packet":{"type":2,"data":["name",1]},"opts":{"rooms":[],"except":[],"flags":{}}}
//           as JSON, or, with attachments, as base64 of MessagePack
//
// Fields that Node does not know it passes over. Ours, in every entry of a relay that has something to say:
//
//     r     `1 17 <MAC>`: the version (see is_readable_version), the sender's number of the message, and the
//     MAC,
//           base64url, of the stream's name, of all other fields but `p`, names and values, and of what
//           stands before the MAC; `-` without one. Few fields cost little: Redis and every reader handle
//           each by itself
//     p     the bus number, decimal, at most 2^53: put to the fields by whoever gives the numbers
//
// Other fields, and words before the MAC, of a later version, are passed over; the MAC covers them too.
//
// The JSON holds the exact text of the arguments; so only with attachments that is not kept.
//
// Threading: immutable, any thread.

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/bus_event.h"
#include "cluster/bus_mac.h"
#include "cluster/json_msgpack.h"
#include "cluster/reject_reason.h"

namespace relay {

// As the adapters number them.
enum class StreamMessageType : std::uint8_t {
  initial_heartbeat = 1,
  heartbeat,
  broadcast,
  sockets_join,
  sockets_leave,
  disconnect_sockets,
  fetch_sockets,
  fetch_sockets_response,
  server_side_emit,
  server_side_emit_response,
  broadcast_client_count,
  broadcast_ack,
  adapter_close
};

struct StreamField {
  std::string name;
  std::string value;
};

struct StreamFieldView {
  std::string_view name;
  std::string_view value;
};

struct StreamsOptions {
  std::string stream = "socket.io";
  // As ClassicOptions::mac.
  const BusMac* mac = nullptr;
  BusLimits limits = {};
};

// The fields in the order in which Node writes them.
struct StreamEntry {
  std::vector<StreamField> fields;
  MsgpackFidelity fidelity = {};  // of what everybody gets, with attachments
};

struct StreamMessage {
  StreamMessageType type;
  // Of a broadcast; of any other message only its sender, namespace, number and position.
  BusEvent event;
};

class StreamsCodec {
 public:
  static constexpr std::string_view own_field = "r";
  static constexpr std::string_view position_field = "p";

  explicit StreamsCodec(StreamsOptions options);

  // A broadcast, without its position. Fails with too_large, or malformed if the arguments are no JSON. Names
  // are valid UTF-8.
  [[nodiscard]] std::expected<StreamEntry, RejectReason> encode(const BusEvent& event) const;

  // Of the field `r`, not checked; empty without one.
  [[nodiscard]] static std::string_view mac_of(std::string_view own) noexcept;

  // An entry of anybody. Does not look for repetitions: that is ReplayWindow's.
  [[nodiscard]] std::expected<StreamMessage, RejectReason> decode(
      std::span<const StreamFieldView> fields) const;

 private:
  const StreamsOptions options_;
};

}  // namespace relay
