// The incremental validator and the replacement against the one-pass validator.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "base/check.h"
#include "base/utf8.h"

namespace {

std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// In pieces of `step` bytes.
bool is_valid_in_pieces(std::string_view text, std::size_t step) {
  relay::Utf8Validator validator;
  for (std::size_t at = 0; at < text.size(); at += step) {
    if (!validator.feed(text.substr(at, step))) return false;
  }
  return validator.complete();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 80U;
  const std::string_view text = as_text(data + 1, size - 1);
  const bool valid = simdjson::validate_utf8(text.data(), text.size());

  RELAY_CHECK(relay::is_valid_utf8(text) == valid);
  RELAY_CHECK(is_valid_in_pieces(text, step) == valid);
  RELAY_CHECK(is_valid_in_pieces(text, 1) == valid);

  const std::string replaced = relay::replace_invalid_utf8(text);
  RELAY_CHECK(simdjson::validate_utf8(replaced));
  RELAY_CHECK((replaced == text) == valid);
  RELAY_CHECK(replaced.size() <= 3 * text.size());
  (void)relay::has_control_character(replaced);
  return 0;
}
