// A body split into packets is the body again when they are joined.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "base/check.h"
#include "protocol/engineio_packet.h"
#include "protocol/engineio_payload.h"

namespace relay::engineio {
namespace {

void check_packet(std::string_view text) {
  const auto packet = parse_text_packet(text);
  if (!packet) return;
  RELAY_CHECK(text.size() == packet->data.size() + 1);
  RELAY_CHECK(text.front() == (packet->binary ? 'b' : digit(packet->type)));
  if (!packet->binary) return;
  const auto bytes = relay::decode_base64(packet->data);
  if (!bytes) return;
  std::string again;
  relay::append_base64(again, *bytes);
  RELAY_CHECK(relay::decode_base64(again) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  PayloadReader reader(body);
  std::string joined;
  std::ptrdiff_t count = 0;
  while (const auto text = reader.next()) {
    if (count++ > 0) joined += record_separator;
    joined += *text;
    RELAY_CHECK(text->find(record_separator) == std::string_view::npos);
    check_packet(*text);
  }
  RELAY_CHECK(reader.done());
  RELAY_CHECK(joined == body);
  RELAY_CHECK(count == std::ranges::count(body, record_separator) + 1);
  return 0;
}

}  // namespace relay::engineio
