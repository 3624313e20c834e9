#pragma once
// How an event gets to every node, this one included.
//
// A publish is asynchronous whatever the bus is: the bus takes the event, and when it is sure, the event
// comes back through this node's log, in the order of the bus. The outcome reaches the ticket's worker
// through the log as well: accepted when every concerned worker of this node has queued it for its sockets,
// or refused by the bus.
//
// Threading: one bus object for each worker, bound to it; what stands behind may be shared.

#include <functional>
#include <string_view>

#include "hub/event.h"

namespace relay {

class ClusterBus {
 public:
  virtual ~ClusterBus() = default;
  // Takes an event. Nothing of it is seen by anybody before flush().
  virtual void publish(NewEvent event) = 0;
  // The turn is over: what it brought leaves together.
  virtual void flush() = 0;

  // Whether what the other nodes publish reaches this one. While it does not, a CONNECT has to wait, since
  // its answer promises just that; when it does again, LocalHub::on_bus_ready() is called on every worker.
  [[nodiscard]] virtual bool is_ready() const noexcept { return true; }

  // True when the log has all that is on the bus; else `done` is called on this worker when it has what was
  // there at the time of the call, or never, if the bus is lost.
  [[nodiscard]] virtual bool sync(std::move_only_function<void()> /*done*/) { return true; }

  // Closes the connections that hold this socket on other nodes, because it comes back here. True when there
  // are none; else `done` is called when it is so, or cannot be waited for any longer.
  [[nodiscard]] virtual bool free_socket(std::string_view /*namespace_name*/, std::string_view /*socket_id*/,
                                         std::move_only_function<void()> /*done*/) {
    return true;
  }
};

}  // namespace relay
