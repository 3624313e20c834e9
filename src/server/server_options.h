#pragma once
// How a Socket.IO server is built.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "hub/cluster_bus.h"
#include "hub/event_log.h"
#include "hub/local_hub.h"
#include "net/http_connection.h"

namespace relay {

struct ServerOptions {
  std::string host = "0.0.0.0";
  std::uint16_t port = 4000;  // 0: the kernel picks one
  unsigned workers_count = 1;
  std::chrono::microseconds timer_tick{
      50'000};  // TimerWheel::tick_for() the shortest time that is configured
  std::size_t sessions_max = SIZE_MAX;
  std::size_t backlog_total_bytes_max = SIZE_MAX;
  HttpOptions http = {};
  HubOptions hub = {};
  EventLog::Options log = {};  // its workers_count is set by the server
  // Makes each worker's way to the other nodes; none: this node is alone.
  std::function<std::unique_ptr<ClusterBus>(unsigned worker, EventLog& log)> make_bus = {};
};

}  // namespace relay
