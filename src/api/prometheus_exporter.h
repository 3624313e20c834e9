#pragma once
// GET /metrics: reads all probes and writes them in the Prometheus text format 0.0.4, or in OpenMetrics 1.0
// to who asks for it. No label carries a room, an account or an address.
//
// Threading: any.

#include "api/node_view.h"
#include "net/http_message.h"

namespace relay {

[[nodiscard]] HttpResponse metrics_page(const NodeView& node, const HttpRequest& request);

}  // namespace relay
