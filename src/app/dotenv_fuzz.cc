// Whatever parse_dotenv() accepts, written again with every value in double quotes, reads the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "app/dotenv.h"
#include "base/check.h"

namespace {

std::string quoted_again(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      if (c == '"' || c == '\\' || c == '$') out += '\\';
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  const auto found = relay::parse_dotenv(text);
  if (!found) {
    RELAY_CHECK(found.error().line >= 1 && found.error().line <= size + 1);
    return 0;
  }
  std::string again;
  for (const auto& [name, value] : *found) again += name + "=" + quoted_again(value) + "\n";
  if (again.size() > relay::dotenv_bytes_max) return 0;
  const auto found_again = relay::parse_dotenv(again);
  RELAY_CHECK(found_again.has_value());
  RELAY_CHECK(*found_again == *found);
  return 0;
}
