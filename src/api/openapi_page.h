#pragma once
// GET /openapi.json: the HTTP API, described for programs (OpenAPI 3.1). Threading: any.

#include "net/http_message.h"

namespace relay {

// src/api/openapi.json, with the version of this program as its `info.version`.
[[nodiscard]] HttpResponse openapi_page();

}  // namespace relay
