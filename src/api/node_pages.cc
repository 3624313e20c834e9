#include "api/node_pages.h"

#include <algorithm>
#include <chrono>

#include <nlohmann/json.hpp>

#include "base/build_info.h"

namespace relay {
namespace {

// An idle worker turns once a second; one that has not for this long hangs.
constexpr auto turn_age_max = std::chrono::seconds(10);

HttpResponse status_page(unsigned status, std::string_view word) {
  return {.status = status,
          .content_type = "application/json",
          .body = R"({"status":")" + std::string(word) + R"("})",
          .headers = "Cache-Control: no-store\r\n"};
}

bool turns(Worker& worker, SteadyTime now) {
  const auto last = std::chrono::milliseconds(worker.probe().last_turn_ms.load(std::memory_order_relaxed));
  return now.time_since_epoch() - last < turn_age_max;
}

}  // namespace

HttpResponse health_page(const NodeView& node) {
  const SteadyTime now = node.clock.steady();
  const bool all_turn =
      std::ranges::all_of(node.server.workers(), [&](const auto& each) { return turns(*each, now); });
  return all_turn ? status_page(200, "ok") : status_page(503, "worker_stalled");
}

HttpResponse ready_page(const NodeView& node) {
  return node.draining.load(std::memory_order_relaxed) ? status_page(503, "draining")
                                                       : status_page(200, "ready");
}

HttpResponse info_page(const NodeView& node) {
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(node.clock.steady() - node.started);
  const bool retains = node.server.log().retains();
  nlohmann::ordered_json info = {
      {"name", "socket-relay"},
      {"version", version()},
      {"commit", commit()},
      {"node", node.node_name},
      {"uptimeSeconds", uptime.count()},
      {"protocols", {{"engine.io", 4}, {"socket.io", 5}}},
      {"transports", {"polling", "websocket"}},
      {"adapter", {{"kind", "local"}, {"state", "connected"}}},
      {"guarantees",
       {{"order", "node"},
        {"accepted", "queued for every matching socket of this node"},
        {"nonces", "memory of this node, until it restarts"},
        {"offsets", retains ? "epoch of this node, until it restarts" : "none"},
        {"recovery", retains ? "all missed events or none, while this node runs" : "none"}}},
      {"io", "send"},
      {"limits",
       {{"workers", node.server.workers().size()},
        {"connections", node.server.options().sessions_max},
        {"eventBytes", node.event_bytes_max},
        {"payloadBytes", node.payload_bytes_max},
        {"backlogBytes", node.backlog_bytes_max},
        {"nonceSeconds", node.nonce_ttl.count()},
        {"recoverySeconds", node.recovery_window.count()},
        {"recoveryBytes", node.server.options().log.retained_bytes_max}}},
  };
  return {.status = 200,
          .content_type = "application/json",
          .body = info.dump(),
          .headers = "Cache-Control: no-store\r\n"};
}

}  // namespace relay
