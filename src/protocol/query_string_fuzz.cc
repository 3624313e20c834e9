// The backward scan against a naive map that is filled from the front.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/check.h"
#include "protocol/query_string.h"

namespace {

std::map<std::string, std::string> parse_naively(std::string text) {
  std::map<std::string, std::string> values;
  text += '&';
  std::string pair;
  for (const char c : text) {
    if (c != '&') {
      pair += c;
      continue;
    }
    if (!pair.empty()) {
      const std::size_t equals = pair.find('=');
      const std::string value = equals == std::string::npos ? "" : pair.substr(equals + 1);
      values[relay::decode_query_component(pair.substr(0, equals))] = relay::decode_query_component(value);
    }
    pair.clear();
  }
  return values;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const relay::QueryString query(text);
  const auto expected = parse_naively(text);
  for (const auto& [name, value] : expected) RELAY_CHECK(query.get(name) == value);
  for (const char* name : {"EIO", "sid", "transport", ""}) {
    RELAY_CHECK(query.get(name).has_value() == expected.contains(name));
  }
  return 0;
}
