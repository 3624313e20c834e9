#pragma once
// What the adapter of a cluster makes of an event, and back: one face for the formats.
//
// Threading: immutable, any thread.

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/bus_event.h"
#include "cluster/classic_codec.h"
#include "cluster/message_ring.h"
#include "cluster/publish_script.h"
#include "cluster/reject_reason.h"
#include "cluster/streams_codec.h"
#include "hub/position.h"

namespace relay {

struct BusFormatOptions {
  BusAdapter adapter = BusAdapter::pubsub;
  std::string key_prefix = "socket.io";
  const BusMac* mac = nullptr;  // null where Node servers share the bus. Must outlive the format
};

// A message that was read: the event with its number (BusEvent::position), and the place that it has in the
// log.
struct ReceivedMessage {
  BusEvent event;
  Position position = 0;  // 0: it has none of its own
};

class BusFormat {
 public:
  explicit BusFormat(const BusFormatOptions& options);

  [[nodiscard]] std::expected<BusMessage, RejectReason> encode(const BusEvent& event) const;
  // `raw` as MessageRing::Raw says. Nullopt for a message that is none for us, though its format is good.
  [[nodiscard]] std::expected<std::optional<ReceivedMessage>, RejectReason> decode(
      const MessageRing::Raw& raw) const;

  // What a signed message can be told by before it is read, and where the bus put it; nothing of it is
  // checked.
  struct Glance {
    std::uint64_t mark;  // of its MAC
    std::uint64_t number;
    Position position;
  };
  // Nullopt if it is not signed as ours are.
  [[nodiscard]] std::optional<Glance> glance(const MessageRing::Raw& raw) const;
  // The mark of what was encoded; 0: it is not signed.
  [[nodiscard]] std::uint64_t mark_of(const BusMessage& message) const;

  // Of a published message: its place in the log, on every node.
  [[nodiscard]] Position position_of(std::uint64_t number, std::string_view stream_id) const;

 private:
  const BusAdapter adapter_;
  const ClassicCodec classic_;
  const StreamsCodec streams_;
};

// Below the milliseconds of a stream's id, in a position.
inline constexpr unsigned stream_sequence_bits = 22;

// `1795379647819-0`: milliseconds and a count. They become one number, as long as there are fewer than 4
// million entries in a millisecond. Nullopt for what is no id.
[[nodiscard]] std::optional<Position> position_of_stream_id(std::string_view id);
// The least id that is not below the position.
[[nodiscard]] std::string stream_id_of_position(Position position);

}  // namespace relay
