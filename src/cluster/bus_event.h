#pragma once
// An event as it travels between nodes, whatever the format. A value. Threading: any.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/socketio_packet.h"

namespace relay {

struct BusEvent {
  std::string sender = {};  // the uid of the node that published; `emitter` for a process that only publishes
  std::string namespace_name = "/";
  std::vector<std::string> rooms = {};   // empty: everyone in the namespace
  std::vector<std::string> except = {};  // rooms, or socket ids, whose members are left out
  bool is_volatile = false;
  // In the history of its rooms although somebody is left out: a client's event, whose sender is. A flag that
  // Node does not know.
  bool is_listed = false;

  std::string name = {};  // plain text, valid UTF-8
  // What stands behind the name in the packet's array, without brackets, as in socketio::Packet: 1,{"a":2}.
  // From a relay these are exactly the bytes it was given.
  std::string arguments_json = {};
  // What the placeholders in the arguments refer to.
  std::vector<std::string> attachments = {};

  // Counts the sender's messages, from 1, and is covered by the MAC: what a ReplayWindow knows a message by.
  // 0: none, as from Node.
  std::uint64_t number = 0;
  // The bus number: where the bus put the message, from 1, given by the bus itself and so not covered by the
  // MAC. 0: none.
  std::uint64_t position = 0;

  friend bool operator==(const BusEvent&, const BusEvent&) = default;
};

// Of one message. What exceeds them is refused by both ends, so that nobody sends what nobody takes.
struct BusLimits {
  std::size_t message_bytes_max = std::size_t{4} * 1024 * 1024;
  std::size_t values_max = 1'000'000;  // of the message as a tree, about 40 bytes each while it is read
  std::size_t rooms_max = 10'000;      // in `rooms` and in `except`
  std::size_t attachments_max = socketio::attachments_max;
};

// An argument of an event may nest this deep when a relay sends it.
inline constexpr unsigned bus_json_depth_max = 64;
// With the array that the arguments stand in.
inline constexpr unsigned bus_arguments_depth_max = bus_json_depth_max + 1;
// The whole message, whose own levels come above them. What others send may use them all.
inline constexpr unsigned bus_message_depth_max = bus_json_depth_max + 4;

inline constexpr std::size_t bus_sender_bytes_max = 64;

// In every message of a relay.
inline constexpr std::uint64_t bus_version = 1;

// A cluster is updated one node after the other, so a relay works beside those one version older and one
// version newer: a version may add members, which the one before it passes over, and takes away only what the
// one before it can do without.
[[nodiscard]] constexpr bool is_readable_version(std::uint64_t version) noexcept {
  return version <= bus_version + 1 && version + 1 >= bus_version;
}

}  // namespace relay
