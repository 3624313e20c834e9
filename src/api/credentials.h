#pragma once
// What a request brings to prove who it is. Threading: pure; any.

#include <string_view>

#include "net/http_message.h"

namespace relay {

// The value of `Authorization: Bearer` (RFC 6750 §2.1; the scheme in any case), or an empty text.
[[nodiscard]] std::string_view bearer_of(const HttpRequest& request);

// An API key: `X-Relay-Key`, else the bearer value; empty when there is neither.
[[nodiscard]] std::string_view presented_key(const HttpRequest& request);

// Whether a bearer value has the form of a token, and is no key.
[[nodiscard]] bool looks_like_token(std::string_view bearer);

}  // namespace relay
