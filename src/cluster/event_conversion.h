#pragma once
// Events as the log holds them, and as they travel between nodes. Threading: any.

#include "cluster/bus_event.h"
#include "hub/event.h"

namespace relay {

// The whole of an event that is not in the log yet, but for sender and number.
[[nodiscard]] BusEvent to_bus_event(const NewEvent& event);

// An event of another node, ready for the log. `with_offset`: recovery is on; the relay's own events
// (`relay:…`) have none in any case.
[[nodiscard]] NewEvent from_bus_event(BusEvent event, bool with_offset);

}  // namespace relay
