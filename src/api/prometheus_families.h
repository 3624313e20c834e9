#pragma once
// The node's probes as metric families. docs/metrics.md lists every one of them.

#include <vector>

#include <prometheus/metric_family.h>

#include "api/node_view.h"

namespace relay {

[[nodiscard]] std::vector<prometheus::MetricFamily> collect_families(const NodeView& node);

// Those of the bus.
void append_bus_families(std::vector<prometheus::MetricFamily>& families, const NodeView& node);

// Those of the process, from /proc/self, under the names that every Prometheus client uses.
void append_process_families(std::vector<prometheus::MetricFamily>& families);

}  // namespace relay
