#pragma once
// What happened to sockets and events on one worker. Written by that worker only; read by the metrics from
// any thread.

#include "base/counter.h"

namespace relay {

struct HubProbe {
  Counter members_connected;
  Counter members_disconnected;
  Counter replayed;          // events that were sent again
  Counter overtaken;         // sockets closed because eviction was faster than their replay
  Counter events_delivered;  // events, each once however many got it here
  Counter deliveries;        // recipients of those
  LatencyHistogram fanout;   // from the request's arrival to the last local byte handed to the kernel
};

}  // namespace relay
