#pragma once
// What happened on one worker's connections. Written by that worker only; read by the metrics from any
// thread.

#include "base/counter.h"

namespace relay {

struct NetProbe {
  Counter connections_accepted;
  Counter connections_refused;  // the process has no descriptor left
  Gauge connections_open;
  Counter requests_malformed;
  Counter requests_timed_out;
};

}  // namespace relay
