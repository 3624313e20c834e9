#pragma once
// The head of an HTTP/1.x request: Beast reads the grammar, and what Beast lets through although RFC 9112 §6
// calls it ambiguous is refused here, because two readings of one request are how requests are smuggled past
// a proxy.

#include <cstddef>
#include <expected>
#include <string_view>

#include "net/http_message.h"

namespace relay {

inline constexpr std::size_t http_head_bytes_max = 16 * 1024;
inline constexpr std::size_t http_headers_count_max = 256;

struct HttpHeadError {
  unsigned status;          // 400, 431, 501 or 505
  std::string_view detail;  // one sentence
};

// `head` runs up to and with its blank line. On success `request` holds everything but the body, with views
// into `head`; what it held before is gone, its memory is used again.
[[nodiscard]] std::expected<void, HttpHeadError> parse_http_head(std::string_view head, HttpRequest& request);

}  // namespace relay
