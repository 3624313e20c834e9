// A head that is accepted has one reading: its parts lie in the text, and what frames its body is not
// ambiguous.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/http_head_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view head(reinterpret_cast<const char*>(data), size);
  relay::HttpRequest request;
  if (!relay::parse_http_head(head, request)) return 0;
  const auto inside = [&](std::string_view part) {
    return part.empty() || part == "/" ||
           (part.data() >= head.data() && part.data() + part.size() <= head.data() + size);
  };
  bool good =
      inside(request.method) && inside(request.path) && inside(request.query) && !request.path.empty();
  good = good && !(request.chunked && request.content_length);
  good = good && request.header_count("Host") <= 1 && request.header_count("Content-Length") <= 1;
  for (const relay::HttpHeader& header : request.headers)
    good = good && inside(header.name) && inside(header.value);
  if (!good) std::abort();
  return 0;
}
