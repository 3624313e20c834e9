#pragma once
// GET /healthz, /readyz and /info. Threading: any.

#include "api/node_view.h"
#include "net/http_message.h"

namespace relay {

// 200 as long as every worker turns.
[[nodiscard]] HttpResponse health_page(const NodeView& node);
// 200 when clients may be sent here.
[[nodiscard]] HttpResponse ready_page(const NodeView& node);
[[nodiscard]] HttpResponse info_page(const NodeView& node);

}  // namespace relay
