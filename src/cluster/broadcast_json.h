#pragma once
// A broadcast as the JSON that the adapters of streams and shards write. Threading: any.
//
//     {"packet":{"type":2,"data":["name",1]},"opts":{"rooms":[],"except":[],"flags":{}}}

#include <expected>
#include <string>
#include <string_view>

#include "cluster/bus_event.h"
#include "cluster/reject_reason.h"

namespace relay {

// Of an event without attachments. The arguments stand in it as they are, after check_arguments().
[[nodiscard]] std::expected<std::string, RejectReason> write_broadcast_json(const BusEvent& event);

// Reads name, arguments, rooms, exceptions and flags, in any order of the keys; of a key that comes twice the
// last one counts. The arguments keep their bytes.
[[nodiscard]] std::expected<void, RejectReason> read_broadcast_json(BusEvent& event, std::string_view json,
                                                                    const BusLimits& limits);

}  // namespace relay
