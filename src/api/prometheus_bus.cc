// The families of the bus over Redis. A node that is alone has them too, at rest, so that a dashboard finds
// them.

#include <string>

#include "api/metric_family.h"
#include "api/prometheus_families.h"

namespace relay {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

const BusProbe& probe_of(const NodeView& node) {
  static const BusProbe at_rest;
  return node.bus == nullptr ? at_rest : node.bus->probe();
}

}  // namespace

void append_bus_families(std::vector<MetricFamily>& families, const NodeView& node) {
  const BusProbe& bus = probe_of(node);
  const auto counter = [&](const std::string& name, const std::string& help, double count) {
    Family(families, name, help, MetricType::Counter).add(count);
  };
  const auto gauge = [&](const std::string& name, const std::string& help, double level) {
    Family(families, name, help, MetricType::Gauge).add(level);
  };
  const bool is_up = bus.links_wanted.value() > 0 && bus.links_up.value() >= bus.links_wanted.value();
  gauge("redis_up", "Whether all connections to Redis stand; 0 without Redis", is_up ? 1 : 0);
  gauge("bus_ready", "Whether what other nodes publish reaches this one; 0 without Redis",
        bus.is_ready.load(std::memory_order_relaxed) ? 1 : 0);
  const auto silent_since = std::chrono::milliseconds(bus.last_arrival_ms.load(std::memory_order_relaxed));
  const std::chrono::duration<double> silence = node.clock.steady().time_since_epoch() - silent_since;
  gauge("bus_silence_seconds",
        "Since the bus brought something; seldom over 1, as a quiet node sends a canary",
        silent_since.count() == 0 ? 0 : std::max(silence.count(), 0.0));
  gauge("cluster_nodes", "Other relays that are alive", value(bus.nodes));
  gauge("bus_waiting_events", "Events that Redis has not been given yet", value(bus.waiting));
  counter("redis_reconnects_total", "Times that Redis was lost and found again", value(bus.reconnects));
  counter("redis_publish_errors_total", "Publishes that Redis refused or did not answer",
          value(bus.refused) + value(bus.unknown));
  counter("redis_publish_unknown_total", "Publishes of which nobody knows whether they were handed on",
          value(bus.unknown));
  counter("bus_published_total", "Messages that Redis took from this node", value(bus.published));
  counter("bus_received_total", "Messages that came from the bus, this node's own included",
          value(bus.received));
  counter("bus_gaps_total", "Gaps in the bus that no relay could fill", value(bus.gaps));
  counter("bus_lost_events_total", "Messages that were lost in them", value(bus.lost));
  counter("bus_filled_events_total", "Missing messages that another relay had", value(bus.filled));
  counter("bus_epochs_total", "Times that Redis began to count anew", value(bus.epochs));
  counter("bus_deaf_total", "Subscriptions that stood and brought nothing", value(bus.deaf));
  counter("bus_regressed_total", "Messages whose number had passed", value(bus.regressed));
  Family rejected(families, "bus_rejected_total", "Messages on the bus that were dropped",
                  MetricType::Counter);
  for (std::size_t i = 0; i < reject_reasons_count; ++i) {
    rejected.add(value(bus.rejected[i]),
                 {{"reason", std::string(metric_word(static_cast<RejectReason>(i)))}});
  }
  Family(families, "bus_echo_seconds", "From a worker's publish over Redis back to this node",
         MetricType::Histogram)
      .add_histogram(merge({&bus.echo}));
}

}  // namespace relay
