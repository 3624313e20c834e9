#pragma once
// Cross-origin rules of a path (https://fetch.spec.whatwg.org/#http-cors-protocol).

#include <functional>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace relay {

// Which origins may use a path. Threading: immutable, safe from any thread.
struct CorsPolicy {
  bool any_origin = false;
  // Asked with the value of an Origin header when not any_origin; may be empty: then no origin is allowed.
  std::function<bool(std::string_view)> allows = {};

  // A request without an Origin header comes from no browser page and is always allowed.
  [[nodiscard]] bool permits(const HttpRequest& request) const;
  // The header lines of a response to `request`, each ended by CRLF.
  [[nodiscard]] std::string headers_for(const HttpRequest& request) const;
  // The answer to an OPTIONS request.
  [[nodiscard]] HttpResponse preflight(const HttpRequest& request) const;
};

}  // namespace relay
