#pragma once
// What the pages about the node (health, info, metrics) can see of it: never a client's data.
//
// Threading: what it points to may be read from any thread; the view itself does not change once the node
// runs.

#include <atomic>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "cluster/redis_bus.h"
#include "relay/nonce_store.h"
#include "relay/relay_probe.h"
#include "server/socketio_server.h"

namespace relay {

struct NodeView {
  SocketIoServer& server;
  const Clock& clock;
  const Log& log;
  const NonceStore& nonces;
  std::string node_name;
  SteadyTime started;
  std::vector<const RelayProbe*> relay_probes;  // one for each worker
  std::atomic<bool> draining{false};

  RedisBus* bus = nullptr;  // null: this node is alone
  std::chrono::seconds ready_redis_grace{0};

  // Limits that /info tells.
  std::size_t event_bytes_max = 0;
  std::size_t payload_bytes_max = 0;
  std::size_t backlog_bytes_max = 0;
  std::chrono::seconds nonce_ttl{0};
  std::chrono::seconds recovery_window{0};
};

}  // namespace relay
