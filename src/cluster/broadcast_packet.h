#pragma once
// What the formats of all adapters have in common: the packet and its options, as MessagePack.
//
//     {"type":2,"data":["name",1,{"a":2}],"nsp":"/"}     {"rooms":[],"except":[],"flags":{}}
//
// Threading: any.

#include <cstdint>
#include <expected>
#include <string>

#include "cluster/bus_event.h"
#include "cluster/json_msgpack.h"
#include "cluster/msgpack_tree.h"
#include "cluster/reject_reason.h"

namespace relay {

enum class PacketNamespace : std::uint8_t { written, left_out };

struct PackedPacket {
  MsgpackFidelity fidelity;
  // Whoever reads the arguments back gets the very bytes that went in.
  bool text_survives;
};

// Appends the packet, with keys in the order that Node writes. Refuses as append_json_as_msgpack() does.
[[nodiscard]] std::expected<PackedPacket, RejectReason> append_packet(std::string& out, const BusEvent& event,
                                                                      PacketNamespace with_namespace,
                                                                      const BusLimits& limits);

void append_packet_options(std::string& out, const BusEvent& event);

// Whether the event is within the limits that do not depend on the format.
[[nodiscard]] bool is_within(const BusEvent& event, const BusLimits& limits) noexcept;

// Reads name, arguments, attachments, and the namespace if the packet has one, in any order of the keys. Only
// events are packets of a broadcast.
[[nodiscard]] std::expected<void, RejectReason> read_packet(BusEvent& event, const MsgpackTree& tree,
                                                            const MsgpackNode* packet,
                                                            const BusLimits& limits);

// Reads rooms, exceptions and flags; the flags may be missing.
[[nodiscard]] std::expected<void, RejectReason> read_packet_options(BusEvent& event, const MsgpackTree& tree,
                                                                    const MsgpackNode* options,
                                                                    const BusLimits& limits);

// The packet's array as text.
[[nodiscard]] std::string packet_data_json(const BusEvent& event);

}  // namespace relay
