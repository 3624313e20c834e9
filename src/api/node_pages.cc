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

namespace {

// Redis may be away for a while before clients had better go elsewhere.
bool is_bus_good(const NodeView& node) {
  if (node.bus == nullptr || node.ready_redis_grace.count() == 0) return true;
  const BusProbe& bus = node.bus->probe();
  if (!bus.agrees.load(std::memory_order_relaxed)) return false;
  if (bus.is_whole.load(std::memory_order_relaxed)) return true;
  if (!bus.was_whole.load(std::memory_order_relaxed)) return false;
  const auto since = std::chrono::milliseconds(bus.broken_since_ms.load(std::memory_order_relaxed));
  return node.clock.steady().time_since_epoch() - since < node.ready_redis_grace;
}

}  // namespace

HttpResponse ready_page(const NodeView& node) {
  if (node.draining.load(std::memory_order_relaxed)) return status_page(503, "draining");
  return is_bus_good(node) ? status_page(200, "ready") : status_page(503, "redis_unavailable");
}

namespace {

std::string_view adapter_kind(const NodeView& node) {
  if (node.bus == nullptr) return "local";
  return node.bus->options().adapter == BusAdapter::streams ? "streams" : "pubsub";
}

std::string_view adapter_state(const NodeView& node) {
  return node.bus == nullptr || node.bus->probe().is_whole.load(std::memory_order_relaxed) ? "connected"
                                                                                           : "disconnected";
}

// The row of the table in docs/guarantees.md that applies.
nlohmann::ordered_json guarantees(const NodeView& node) {
  const bool retains = node.server.log().retains();
  if (node.bus == nullptr) {
    return {{"order", "node"},
            {"accepted", "queued for every matching socket of this node"},
            {"nonces", "memory of this node, until it restarts"},
            {"offsets", retains ? "epoch of this node, until it restarts" : "none"},
            {"recovery", retains ? "all missed events or none, while this node runs" : "none"},
            {"nodeDeath", "what is retained"},
            {"redisDeath", "none"}};
  }
  const bool streams = node.bus->options().adapter == BusAdapter::streams;
  return {{"order", streams ? "cluster" : "node"},
          {"accepted", streams ? "in the stream, and queued for every matching socket of this node"
                               : "numbered and published, and queued for every matching socket of this node"},
          {"nonces", "Redis, as long as it keeps its data"},
          {"offsets", retains ? "epoch of the cluster, as long as Redis keeps its data" : "none"},
          {"recovery", !retains  ? "none"
                       : streams ? "all missed events or none, on any node, also after restarts of all"
                                 : "all missed events or none, on any node that ran meanwhile"},
          {"nodeDeath", "nothing"},
          {"redisDeath", streams ? "what Redis had not made durable; every gap is told"
                                 : "what was under way; every gap is told"}};
}

}  // namespace

HttpResponse info_page(const NodeView& node) {
  const auto uptime = std::chrono::duration_cast<std::chrono::seconds>(node.clock.steady() - node.started);
  nlohmann::ordered_json info = {
      {"name", "socket-relay"},
      {"version", version()},
      {"commit", commit()},
      {"node", node.node_name},
      {"uptimeSeconds", uptime.count()},
      {"protocols", {{"engine.io", 4}, {"socket.io", 5}}},
      {"transports", {"polling", "websocket"}},
      {"adapter", {{"kind", adapter_kind(node)}, {"state", adapter_state(node)}}},
      {"guarantees", guarantees(node)},
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
