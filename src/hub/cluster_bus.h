#pragma once
// How an event gets to every node, this one included.
//
// A publish is asynchronous whatever the bus is: the bus takes the event, and when it is sure, the event
// comes back through this node's log, in the order of the bus. The outcome reaches the ticket's worker
// through the log as well: accepted when every concerned worker of this node has queued it for its sockets,
// or refused by the bus.
//
// Threading: one bus object for each worker, bound to it; what stands behind may be shared.

#include "hub/event.h"

namespace relay {

class ClusterBus {
 public:
  virtual ~ClusterBus() = default;
  // Takes an event. Nothing of it is seen by anybody before flush().
  virtual void publish(NewEvent event) = 0;
  // The turn is over: what it brought leaves together.
  virtual void flush() = 0;
};

}  // namespace relay
