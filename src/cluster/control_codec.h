#pragma once
// What relays of a cluster say to each other beside the events: heartbeats, surveys, messages to one node.
// They travel by PUBLISH, whatever adapter the events take.
//
//     channel   <prefix>-relay#            for all nodes
//               <prefix>-relay#<uid>#      for one
//     payload   MessagePack   [ version, sender uid, number, kind, body, mac ]
//
//     number    counts the sender's control messages from 1, on all channels: for a ReplayWindow
//     kind      1 to 32 of a-z and _
//     body      binary; nearly always JSON text
//     mac       binary: of the channel and of all bytes before this element, the payload's last 18 bytes
//
// There is no message without a MAC, also where Node servers share the bus: they never use these channels. It
// is checked before anything is parsed. Elements of a later version (see is_readable_version) stand between
// body and mac, and are passed over.
//
// Threading: immutable, any thread.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "cluster/bus_event.h"
#include "cluster/bus_mac.h"
#include "cluster/reject_reason.h"

namespace relay {

struct ControlMessage {
  std::string sender = {};  // uid of a node: valid UTF-8, 1 to bus_sender_bytes_max bytes
  std::uint64_t number = 0;
  std::string kind = {};
  std::string body = {};
  std::uint64_t version = bus_version;  // the sender's; always our own in what is sent

  friend bool operator==(const ControlMessage&, const ControlMessage&) = default;
};

class ControlCodec {
 public:
  static constexpr std::size_t body_bytes_max = std::size_t{4} * 1024 * 1024;
  static constexpr std::size_t kind_bytes_max = 32;

  // The MAC must outlive the codec.
  ControlCodec(std::string key_prefix, const BusMac& mac);

  [[nodiscard]] const std::string& channel_of_all() const noexcept { return channel_of_all_; }
  [[nodiscard]] std::string channel_of_node(std::string_view uid) const;

  // The payload of a message for that channel. Fails with too_large, or malformed for what a message may not
  // hold.
  [[nodiscard]] std::expected<std::string, RejectReason> encode(std::string_view channel,
                                                                const ControlMessage& message) const;

  // Bytes of anybody. What has no MAC in its place is unsigned_, whatever else may be wrong with it. Does not
  // look for repetitions: that is ReplayWindow's.
  [[nodiscard]] std::expected<ControlMessage, RejectReason> decode(std::string_view channel,
                                                                   std::string_view payload) const;

 private:
  const std::string channel_of_all_;
  const BusMac& mac_;
};

}  // namespace relay
