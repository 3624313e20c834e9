// The first line is the list of keys, the rest a key that is presented. Compared with a plain search.

#include <cstdint>
#include <string>

#include "auth/api_key.h"
#include "auth/list_text.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace relay;  // NOLINT(google-build-using-namespace)
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  const std::string list = text.substr(0, line);
  const std::string presented = line == std::string::npos ? std::string() : text.substr(line + 1);
  const auto keys = ApiKeys::parse(list);
  if (!keys) {
    RELAY_CHECK(keys.error().starts_with("entry "));
    return 0;
  }
  bool is_listed = false;
  bool has_digest = false;
  std::size_t count = 0;
  for_each_entry(list, [&](std::string_view entry) {
    ++count;
    const bool is_digest = entry.starts_with("sha256:");
    has_digest = has_digest || is_digest;
    is_listed = is_listed || (!is_digest && entry == presented);
    if (!is_digest) RELAY_CHECK(keys->find(entry).has_value());
  });
  RELAY_CHECK(keys->count() == count);
  RELAY_CHECK(keys->find(presented).has_value() == is_listed || has_digest);
  return 0;
}
